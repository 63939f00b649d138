import type { Express, RequestHandler, Router } from "express";
import request from "supertest";
import { describe, expect, it } from "vitest";
import Transport from "winston-transport";
import { expressVersions } from "../../../test/support/express.js";
import { createGuard } from "../../core/guard/guard.js";
import { HttpError } from "../../core/refusal/http-error.js";
import { errorHandler } from "../../errors/index.js";
import { auditLog } from "../index.js";

type Module = (typeof expressVersions)[number][1];

/** A value of a client, such as the name of a tenant: no rule could tell it from a word of the app. */
const VALUE = "acme";
const answer: RequestHandler = (_req, res) => void res.json({});
const fail: RequestHandler = () => {
  throw new Error("failed");
};
const MESSAGE = Symbol.for("message");

/** What the audit log in front of such an app records of the request. */
async function recordOf(
  express: Module,
  build: (app: Express, express: Module) => void,
  path: string,
  audited: readonly string[] = [],
): Promise<{ readonly route: string | undefined; readonly line: string }> {
  const lines: string[] = [];
  const sink = new Transport({
    log(info, next) {
      lines.push(info[MESSAGE]);
      next();
    },
  });
  const app = express();
  if (audited[0] === undefined) app.use(auditLog({ sinks: [sink] }));
  else app.use(audited[0], auditLog({ sinks: [sink] }));
  build(app, express);
  await request(app).get(path);
  const line = lines.find((text) => text.includes("http.request.id")) ?? "";
  return { route: JSON.parse(line)["http.route"], line };
}

function routerWith(express: Module, path: string, ...handlers: RequestHandler[]): Router {
  const router = express.Router();
  router.get(path, ...handlers);
  return router;
}

const refuse = createGuard("requireRole", "authorization", {
  mode: "enforce",
  onDenied: "respond",
});

/** Mounted with a parameter, in the ways that Express has. */
const MOUNTED: readonly [
  what: string,
  build: (app: Express, express: Module) => void,
  path: string,
  expected: string,
][] = [
  [
    "a router under a parameter",
    (app, express) => app.use("/tenants/:tenant", routerWith(express, "/orders", answer)),
    `/tenants/${VALUE}/orders`,
    "/tenants/:tenant/orders",
  ],
  [
    "a parameter with a text around it",
    (app, express) => app.use("/t-:tenant", routerWith(express, "/orders", answer)),
    `/t-${VALUE}/orders`,
    // The segment cannot be written as a template on both majors: it is what was declared, or a placeholder.
    "/t-:tenant/orders",
  ],
  [
    "two parameters in a segment",
    (app, express) => app.use("/:tenant-:unit", routerWith(express, "/orders", answer)),
    `/${VALUE}-7/orders`,
    "/:tenant-:unit/orders",
  ],
  [
    "a value that is equal to a word of the path",
    (app, express) => app.use("/users/:user", routerWith(express, "/users", answer)),
    "/users/users/users",
    "/users/:user/users",
  ],
  [
    "nested routers",
    (app, express) => {
      const inner = routerWith(express, "/orders/:order", answer);
      const outer = express.Router();
      outer.use("/:tenant/shop", inner);
      app.use("/v1", outer);
    },
    `/v1/${VALUE}/shop/orders/${VALUE}`,
    "/v1/:tenant/shop/orders/:order",
  ],
  [
    "mergeParams",
    (app, express) => {
      const inner = express.Router({ mergeParams: true });
      inner.get("/orders", answer);
      app.use("/:tenant", inner);
    },
    `/${VALUE}/orders`,
    "/:tenant/orders",
  ],
  [
    "a mounted app",
    (app, express) => {
      const inner = express();
      inner.get("/orders", answer);
      app.use("/:tenant", inner);
    },
    `/${VALUE}/orders`,
    "/:tenant/orders",
  ],
  [
    "a router in a mounted app",
    (app, express) => {
      const inner = express();
      inner.use("/shops/:shop", routerWith(express, "/orders", answer));
      app.use("/api", inner);
    },
    `/api/shops/${VALUE}/orders`,
    "/api/shops/:shop/orders",
  ],
  [
    "a middleware under a parameter in front of it",
    (app, express) => {
      app.use("/:tenant", (_req, _res, next) => next());
      app.use("/:tenant/shops", routerWith(express, "/orders", answer));
    },
    `/${VALUE}/shops/orders`,
    "/:tenant/shops/orders",
  ],
  [
    "the root of a router under a parameter",
    (app, express) => app.use("/tenants/:tenant", routerWith(express, "/", answer)),
    `/tenants/${VALUE}`,
    "/tenants/:tenant",
  ],
  [
    "a router mounted twice",
    (app, express) => {
      const router = routerWith(express, "/orders", answer);
      app.use("/shops/:shop", router);
      app.use("/tenants/:tenant", router);
    },
    `/tenants/${VALUE}/orders`,
    "/tenants/:tenant/orders",
  ],
  [
    "an encoded value",
    (app, express) => app.use("/tenants/:tenant", routerWith(express, "/orders", answer)),
    `/tenants/%61${VALUE}/orders`,
    "/tenants/:tenant/orders",
  ],
  [
    "a list of paths",
    (app, express) =>
      app.use(["/shops/:shop", "/tenants/:tenant"], routerWith(express, "/orders", answer)),
    `/tenants/${VALUE}/orders`,
    "/tenants/:tenant/orders",
  ],
  [
    "an expression",
    (app, express) => app.use(/^\/tenants\/[a-z]+/, routerWith(express, "/orders", answer)),
    `/tenants/${VALUE}/orders`,
    "/:value/:value/orders",
  ],
  [
    "an expression with a group",
    (app, express) => app.use(/^\/tenants\/([a-z]+)/, routerWith(express, "/orders", answer)),
    `/tenants/${VALUE}/orders`,
    "/:value/:value/orders",
  ],
  [
    "an expression of the words of a path",
    (app, express) => app.use(/^\/(?:acme|globex)/, routerWith(express, "/orders", answer)),
    `/${VALUE}/orders`,
    "/:value/orders",
  ],
  [
    "a router that another function calls",
    (app, express) => {
      const router = routerWith(express, "/orders", answer);
      app.use("/tenants/:tenant", (req, res, next) => router(req, res, next));
    },
    `/tenants/${VALUE}/orders`,
    "/tenants/:tenant/orders",
  ],
  [
    "a router in one that another function calls",
    (app, express) => {
      const router = express.Router();
      router.use("/:shop", routerWith(express, "/orders", answer));
      app.use("/tenants/:tenant", (req, res, next) => router(req, res, next));
    },
    `/tenants/${VALUE}/${VALUE}/orders`,
    "/tenants/:tenant/:value/orders",
  ],
  [
    "a function that hands a URL of its own to a router",
    (app, express) => {
      const router = routerWith(express, "/orders", answer);
      app.use((req, res, next) => {
        req.baseUrl = `/tenants/${VALUE}`;
        req.url = "/orders";
        router(req, res, next);
      });
    },
    "/anything",
    "/:value/:value/orders",
  ],
];

describe.each(expressVersions)("http.route on Express %s", (major, express) => {
  it.each(MOUNTED)("shows no value of %s", async (_what, build, path, expected) => {
    const { route, line } = await recordOf(express, build, path);
    expect(line).not.toContain(VALUE);
    // What Express 4 makes of such a path cannot be read back.
    const vague = expected.replace("/:tenant-:unit", "/:value").replace("/t-:tenant", "/:value");
    expect(major === "4" ? [expected, vague] : [expected]).toContain(route);
  });

  it.each(MOUNTED.slice(0, 14))(
    "shows no value of %s when an error handler answers",
    async (_what, build, path, expected) => {
      const { route, line } = await recordOf(
        express,
        (app, module) => {
          // The same app, but every route fails.
          const failing = Object.assign(() => module(), module, {
            Router: (options?: object) => {
              const router = module.Router(options);
              const get = router.get.bind(router) as (...args: unknown[]) => unknown;
              router.get = ((at: string) => get(at, fail)) as never;
              return router;
            },
          });
          build(app, failing as unknown as Module);
          app.use(errorHandler({ onError: () => undefined }));
        },
        path,
      );
      expect(line).not.toContain(VALUE);
      expect(route?.split("/").length ?? 0).toBeLessThanOrEqual(expected.split("/").length);
    },
  );

  it.each<[string, (app: Express, express: Module) => void, string, string]>([
    [
      "a failing route of a nested router",
      (app, module) => {
        const outer = module.Router();
        outer.use("/shops/:shop", routerWith(module, "/orders/:id", fail));
        app.use("/:tenant", outer);
      },
      `/${VALUE}/shops/${VALUE}/orders/${VALUE}`,
      "/:tenant/shops/:shop/orders/:id",
    ],
    [
      "an error handler of a router in between",
      (app, module) => {
        const outer = module.Router();
        outer.use("/:shop", routerWith(module, "/orders", fail));
        outer.use(errorHandler({ onError: () => undefined }));
        app.use("/tenants/:tenant", outer);
      },
      `/tenants/${VALUE}/${VALUE}/orders`,
      "/tenants/:tenant/:shop/orders",
    ],
    [
      "a failing route with an expression",
      (app, module) => {
        const router = module.Router();
        router.get(/^\/files\/(.+)$/, fail);
        app.use("/:tenant", router);
      },
      `/${VALUE}/files/${VALUE}/${VALUE}`,
      "/:tenant/^\\/files\\/(.+)$/",
    ],
    [
      "a failing route with several paths",
      (app, module) => {
        const router = module.Router();
        router.get(["/a/:x", "/b/c/:x"], fail);
        app.use("/:tenant", router);
      },
      `/${VALUE}/b/c/${VALUE}`,
      "/:tenant/a/:x,/b/c/:x",
    ],
    [
      "a refusal on a route",
      (app, module) =>
        app.use(
          "/:tenant",
          routerWith(
            module,
            "/orders",
            refuse.middleware((req, res, next) =>
              refuse.refuse(new HttpError("access_denied"), req, res, next),
            ),
          ),
        ),
      `/${VALUE}/orders`,
      "/:tenant/orders",
    ],
    [
      "a failing route behind a parameter, with a trailing slash and a query",
      (app, module) => app.use("/tenants/:tenant", routerWith(module, "/", fail)),
      `/tenants/${VALUE}/?tenant=${VALUE}`,
      "/tenants/:tenant",
    ],
    [
      "a failing router that another function calls",
      (app, module) => {
        const router = routerWith(module, "/orders", fail);
        app.use("/tenants/:tenant", (req, res, next) => router(req, res, next));
      },
      `/tenants/${VALUE}/orders`,
      "/tenants/:tenant/orders",
    ],
  ])("shows the template of %s, and no value", async (_what, build, path, expected) => {
    const { route, line } = await recordOf(
      express,
      (app, module) => {
        build(app, module);
        app.use(errorHandler({ onError: () => undefined }));
      },
      path,
    );
    expect(line).not.toContain(VALUE);
    expect(route).toBe(expected);
  });

  it.each<[string, (app: Express) => void, string, string]>([
    [
      "an expression",
      (app) => app.get(/^\/files\/(.+)$/, answer),
      `/files/${VALUE}`,
      "/^\\/files\\/(.+)$/",
    ],
    ["a list of paths", (app) => app.get(["/a/:x", "/b/:x"], answer), `/b/${VALUE}`, "/a/:x,/b/:x"],
  ])("shows %s of a route as it was declared", async (_what, build, path, expected) => {
    const { route, line } = await recordOf(express, build, path);
    expect(line).not.toContain(VALUE);
    expect(route).toBe(expected);
  });

  it("shows literal paths of routers, of lists of them and of mounted apps as they are", async () => {
    const builds: [(app: Express, module: Module) => void, string, string][] = [
      [
        (app, module) => app.use("/v1", routerWith(module, "/orders/:id", answer)),
        "/v1/orders/7",
        "/v1/orders/:id",
      ],
      [
        (app, module) => app.use("/v1.1/a-b_c~d", routerWith(module, "/", answer)),
        "/v1.1/a-b_c~d",
        "/v1.1/a-b_c~d",
      ],
      [
        (app, module) => app.use(["/v1", "/v2"], routerWith(module, "/orders", answer)),
        "/v2/orders",
        "/v2/orders",
      ],
      [
        (app, module) => {
          const inner = module();
          inner.use("/shop", routerWith(module, "/orders", answer));
          app.use("/api", inner);
        },
        "/api/shop/orders",
        "/api/shop/orders",
      ],
      [
        (app, module) => app.use("/files/", routerWith(module, "/list", answer)),
        "/files/list",
        "/files/list",
      ],
    ];
    for (const [build, path, expected] of builds) {
      expect((await recordOf(express, build, path)).route).toBe(expected);
    }
  });

  it("shows the whole template when the log is mounted at a path, as in a preset at /api", async () => {
    const { route } = await recordOf(
      express,
      (app, module) => {
        app.use("/api/:tenant", routerWith(module, "/orders", answer));
      },
      `/api/${VALUE}/orders`,
      ["/api"],
    );
    expect(route).toBe("/api/:tenant/orders");
  });

  it("shows no value under a path that is given by a stateful expression, and leaves its state alone", async () => {
    const path = /^\/tenants\/[a-z]+/g;
    const { line, route } = await recordOf(
      express,
      (app, module) => app.use(path, routerWith(module, "/orders", answer)),
      `/tenants/${VALUE}/orders`,
    );
    expect(line).not.toContain(VALUE);
    expect(route).toBe("/:value/:value/orders");
    expect(path.lastIndex).toBe(`/tenants/${VALUE}`.length);
  });
});

describe("http.route on Express 4", () => {
  const [, express] = expressVersions[0] as (typeof expressVersions)[number];

  it.each<[string, string, string, string]>([
    ["digits", "/items/:id(\\d+)", "/items/7", "/api/:tenant/items/:id(\\d+)"],
    ["a class", "/items/:id([0-9a-f]{24})", `/items/${"a1".repeat(12)}`, ""],
    ["a choice", "/:kind(new|old)/:id", "/new/7", ""],
    ["text behind it", "/items/:id(\\d+).json", "/items/7.json", ""],
  ])(
    "keeps the mount path when a route fails whose parameter is limited to %s",
    async (_what, path, asked, expected) => {
      for (const mount of [
        (router: Router): RequestHandler => router,
        (router: Router): RequestHandler =>
          (req, res, next) =>
            router(req, res, next),
      ]) {
        const { route, line } = await recordOf(
          express,
          (app, module) => {
            app.use("/api/:tenant", mount(routerWith(module, path, fail)));
            app.use(errorHandler({ onError: () => undefined }));
          },
          `/api/${VALUE}${asked}`,
        );
        expect(line).not.toContain(VALUE);
        expect(route).toBe(expected || `/api/:tenant${path}`);
      }
    },
  );

  it("counts no segments of a parameter whose pattern can match several, or none", async () => {
    for (const [path, asked] of [
      ["/files/:path(.+)", `/files/a/${VALUE}`],
      ["/files/:path([^x]+)", `/files/a/${VALUE}`],
      ["/files/:path(\\d*)", "/files/"],
      ["/files/:path(\\d+)?", "/files"],
    ] as const) {
      const { route, line } = await recordOf(
        express,
        (app, module) => {
          const router = routerWith(module, path, fail);
          app.use("/api/:tenant", (req, res, next) => router(req, res, next));
          app.use(errorHandler({ onError: () => undefined }));
        },
        `/api/${VALUE}${asked}`,
      );
      expect(line).not.toContain(VALUE);
      expect(route).toBe(path);
    }
  });
});

describe("http.route on Express 5", () => {
  const [, express] = expressVersions[1] as (typeof expressVersions)[number];

  it.each<[string, string, string, string]>([
    ["a wildcard", "/files/*splat", `/files/${VALUE}/${VALUE}`, "/files/*splat"],
    ["an optional part", "/shops{/:shop}", `/shops/${VALUE}`, "/shops{/:shop}"],
    ["an optional part that is missing", "/shops{/:shop}", "/shops", "/shops{/:shop}"],
    ["a quoted name", '/shops/:"the shop"', `/shops/${VALUE}`, '/shops/:"the shop"'],
  ])("shows %s as it was declared", async (_what, mounted, path, expected) => {
    const { route, line } = await recordOf(
      express,
      (app, module) => app.use(mounted, routerWith(module, "/", answer)),
      path,
    );
    expect(line).not.toContain(VALUE);
    expect(route).toBe(expected);
  });

  it("shows no value where the router does not keep the declared path, as before router 2.3", async () => {
    const forget = (app: Express): void => {
      for (const layer of (app as unknown as { router: { stack: object[] } }).router.stack) {
        Reflect.deleteProperty(layer, "rawPath");
      }
    };
    for (const [mounted, path, expected] of [
      ["/v1/:tenant", `/v1/${VALUE}/orders`, "/:value/:value/orders"],
      ["/v1", "/v1/orders", "/v1/orders"],
      [/^\/[a-z]+/, `/${VALUE}/orders`, "/:value/orders"],
    ] as const) {
      const { route, line } = await recordOf(
        express,
        (app, module) => {
          app.use(mounted, routerWith(module, "/orders", answer));
          app.get("/never", answer);
          forget(app);
        },
        path,
      );
      expect(line).not.toContain(VALUE);
      expect(route).toBe(expected);
    }
  });
});

describe.each(expressVersions)("http.route on Express %s", (_major, express) => {
  it.each<[string, RequestHandler]>([
    ["a route of its own", (req) => Object.assign(req, { route: { path: req.path } })],
    [
      "a copy of the route",
      (req) => Object.assign(req, { route: { ...req.route, path: req.path } }),
    ],
  ])("is not taken from %s that a handler puts on the request", async (_what, replace) => {
    const { line } = await recordOf(
      express,
      (app) =>
        app.get("/tenants/:tenant", (req, res, next) => {
          replace(req, res, next);
          res.end();
        }),
      `/tenants/${VALUE}`,
    );
    expect(line).toContain("http.request.id");
    expect(line).not.toContain(VALUE);
  });

  it.each(["baseUrl", "originalUrl", "url"])(
    "does not cost the record when a handler replaces %s by what is no text",
    async (name) => {
      for (const status of [200, 500]) {
        const { line } = await recordOf(
          express,
          (app) =>
            app.use(
              "/tenants/:tenant",
              routerWith(express, "/orders", (req, res) => {
                Object.assign(req, { [name]: null });
                res.status(status).end();
              }),
            ),
          `/tenants/${VALUE}/orders`,
        );
        expect(JSON.parse(line)["event.name"]).toBe("api_request");
        expect(line).not.toContain(VALUE);
      }
    },
  );

  it("does not cost the record of a request without a route either", async () => {
    const { line } = await recordOf(
      express,
      (app) =>
        app.use((req, res) => {
          Object.assign(req, { originalUrl: undefined });
          res.status(404).end();
        }),
      "/nowhere",
    );
    expect(JSON.parse(line)).toMatchObject({ "http.response.status_code": 404 });
  });
});
