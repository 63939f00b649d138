import vm from "node:vm";
import type { RequestHandler } from "express";
import { describe, expect, it } from "vitest";
import { routerVersions } from "../../test/support/express.js";
import { guardFor } from "../../test/support/route-audit/matrix-app.js";
import { declarePublic, requireRole } from "../authorization/index.js";
import { layersOf } from "../core/app/app-layers.js";
import { markGuard } from "../core/guard/guard-mark.js";
import { errorHandler, notFound } from "../errors/index.js";
import { rateLimit } from "../rate-limit/index.js";
import { livez, readyz } from "../server/index.js";
import { auditRoutes } from "./audit-routes.js";

const answer: RequestHandler = (_req, res) => void res.send("ok");
const pass: RequestHandler = (_req, _res, next) => next();
const authentication = { guard: "oauthGuard", kind: "authentication", mode: "enforce" } as const;
const preset = { guard: "secureApi", kind: "preset", mode: "enforce" } as const;

describe.each(routerVersions)("auditRoutes on Express %s", (version, express) => {
  function statusesOf(app: ReturnType<typeof express>) {
    return auditRoutes(app).routes.map(({ path, status, reason }) => [path, status, reason]);
  }

  it("names the guards, the outermost first, and what runs in front of them", () => {
    const app = express();
    app.use(rateLimit({ limit: 10, window: "1m" }));
    app.get(
      "/a",
      function load(_req, _res, next) {
        next();
      },
      guardFor({ mode: "report" }),
      requireRole("admin"),
      answer,
    );
    const [route] = auditRoutes(app).routes;
    expect(route).toMatchObject({
      status: "guarded",
      unknownBeforeGuard: ["load"],
      guards: [
        { guard: "rateLimit", kind: "limit" },
        { guard: "testGuard", mode: "report" },
        { guard: "requireRole", rule: "role(admin)" },
      ],
    });
    expect(Object.isFrozen(route?.guards)).toBe(true);
  });

  it("knows where the parts of a preset run, and what it opens", () => {
    const app = express();
    const parts = [
      { ...authentication, except: ["GET /health", "GET /docs/*", "GET /users/me"] },
      { guard: "requireRole", kind: "authorization", mode: "enforce", at: ["/docs/admin/*"] },
    ] as const;
    app.use(markGuard(pass, { ...preset, parts }));
    for (const path of ["/health", "/health2", "/docs/:page", "/docs/admin/x"])
      app.get(path, answer);
    app.post("/health", answer);
    app.get("/users/me", answer);
    app.get("/users/:id", answer);
    app.get(/^\/v\d$/, answer);
    app.get(/^\/health/, answer);
    const expected = [
      ["/health", "public", "GET /health"],
      ["/health2", "guarded", undefined],
      ["/docs/:page", "public", "GET /docs/*"],
      ["/docs/admin/x", "guarded", undefined],
      ["/health", "guarded", undefined],
      ["/users/me", "public", "GET /users/me"],
      ["/users/:id", "guarded", undefined],
    ];
    expect(statusesOf(app).slice(0, expected.length)).toEqual(expected);
    // What `/docs/*` opens cannot be tried out on an expression.
    expect(
      statusesOf(app)
        .slice(expected.length)
        .map(([, status]) => status),
    ).toEqual(["unresolved", "unresolved"]);
  });

  it("tries exact exceptions on regular expressions", () => {
    const app = express();
    app.use(
      markGuard(pass, { ...preset, parts: [{ ...authentication, except: ["GET /health"] }] }),
    );
    app.get(/^\/v\d$/, answer);
    app.get(/^\/health/, answer);
    expect(statusesOf(app).map(([, status]) => status)).toEqual(["guarded", "unresolved"]);
  });

  it("takes the part of a preset that a pattern misses for no guard", () => {
    const app = express();
    const { guard: _guard, ...part } = { ...authentication, at: ["POST /orders"] };
    app.use("/api", markGuard(pass, { ...preset, parts: [{ ...part, guard: "oauthGuard" }] }));
    app.post("/orders", answer);
    app.post("/api/orders", answer);
    expect(statusesOf(app).map(([, status]) => status)).toEqual(["open", "open"]);
    expect(auditRoutes(app).unused).toEqual([]);
  });

  it("does not believe a brand whose patterns cannot be read", () => {
    const app = express();
    app.use(markGuard(pass, { ...authentication, except: ["health"] }));
    app.use(markGuard(pass, { ...authentication, at: ["**"] }));
    app.get("/a", answer);
    expect(statusesOf(app)).toEqual([["/a", "open", undefined]]);
  });

  it("sees through the wrappers of instrumentation", () => {
    const app = express();
    const wrapped: RequestHandler = (req, res, next) => guardFor()(req, res, next);
    app.get("/a", Object.assign(wrapped, { __original: guardFor() }), answer);
    const traced: RequestHandler = (req, res, next) => guardFor()(req, res, next);
    app.get("/b", Object.assign(traced, { _datadog_orig: guardFor() }), answer);
    const router = express.Router();
    router.get("/c", guardFor(), answer);
    const around: RequestHandler = (req, res, next) => router(req, res, next);
    app.use("/r", Object.assign(around, { __original: router }));
    expect(statusesOf(app)).toEqual([
      ["/a", "guarded", undefined],
      ["/b", "guarded", undefined],
      ["/r/c", "guarded", undefined],
    ]);
  });

  it("lists handlers that may answer, and neither parsers nor pages of errors", () => {
    const app = express();
    app.use(express.json(), express.urlencoded({ extended: false }));
    app.use("/open", express.static("docs"));
    app.use(guardFor());
    app.use(["/a", "/b"], function proxy(_req, res) {
      res.send("from elsewhere");
    });
    app.use(notFound(), errorHandler());
    const { handlers } = auditRoutes(app);
    expect(handlers.map(({ name, paths, status }) => [name, paths, status])).toEqual([
      ["serveStatic", ["/open"], "open"],
      ["proxy", ["/a"], "guarded"],
      ["proxy", ["/b"], "guarded"],
    ]);
  });

  it("ends where a router is mounted in itself", () => {
    const app = express();
    const router = express.Router();
    router.get("/x", guardFor(), answer);
    router.use(router);
    router.use("/again", guardFor(), router);
    app.use(router);
    app.get("/y", answer);
    app.get("/again/y", answer);
    expect(statusesOf(app)).toEqual([
      ["/x", "guarded", undefined],
      ["/y", "open", undefined],
      ["/again/y", "guarded", undefined],
    ]);
  });

  it("lists a route of which the only handler has a brand that demands nothing", () => {
    const app = express();
    for (const kind of ["audit", "limit", "headers", "validation", "enrichment"] as const) {
      app.get(`/${kind}`, guardFor({ kind }));
      app.get(`/guarded/${kind}`, guardFor(), guardFor({ kind }));
    }
    app.get("/public", guardFor({ kind: "public", rule: "status" }));
    // What this package makes hands requests on.
    app.all(version === "4" ? "/api/*" : "/api/*rest", rateLimit({ limit: 10, window: "1m" }));
    const traced: RequestHandler = (_req, _res, next) => next();
    app.get("/b", Object.assign(traced, { __original: rateLimit({ limit: 10, window: "1m" }) }));
    app.get("/declared", declarePublic("for everybody"));
    expect(statusesOf(app)).toEqual([
      ...["audit", "limit", "headers", "validation", "enrichment"].flatMap((kind) => [
        [`/${kind}`, "open", undefined],
        [`/guarded/${kind}`, "guarded", undefined],
      ]),
      ["/public", "public", "status"],
    ]);
  });

  it("lists probes, which answer by themselves", () => {
    const app = express();
    app.get("/livez", livez());
    app.get("/readyz", readyz());
    app.get("/guarded/livez", guardFor(), livez());
    expect(statusesOf(app)).toEqual([
      ["/livez", "public", "liveness probe"],
      ["/readyz", "public", "readiness probe"],
      ["/guarded/livez", "guarded", undefined],
    ]);
  });

  it("does not take a function for a parser because of its name", () => {
    const app = express();
    app.use(function jsonParser(_req, res) {
      res.send("secret");
    });
    expect(auditRoutes(app).handlers).toMatchObject([{ name: "jsonParser", status: "open" }]);
  });

  it("finds routes with parameters of a certain form", () => {
    const app = express();
    const path = version === "4" ? "/items/:id([0-9a-f]{24})" : "/items/:id";
    app.get(path, guardFor(), answer);
    app.get(`${path}/open`, answer);
    expect(statusesOf(app).map(([, status]) => status)).toEqual(["guarded", "open"]);
  });

  it("does not count a guard at an expression that keeps a state, nor moves that state", () => {
    const app = express();
    const expression = /^\/a/g;
    expression.lastIndex = 1;
    app.use(expression, guardFor());
    app.get("/a", answer);
    expect(statusesOf(app)).toEqual([["/a", "open", undefined]]);
    expect(expression.lastIndex).toBe(1);
  });

  it("ends when a router is mounted in itself", () => {
    const app = express();
    const router = express.Router();
    router.use("/again", router);
    router.get("/a", answer);
    app.use(router);
    expect(statusesOf(app).map(([path]) => path)).toEqual(["/a"]);
  });

  it("leaves no trace on the layers", () => {
    const app = express();
    app.use("/x/:y", guardFor());
    app.get("/x/:y", answer);
    const stack = () => layersOf(app).map((layer) => ({ ...layer }));
    const before = stack();
    auditRoutes(app);
    expect(stack()).toEqual(before);
  });

  it("lists what keeps a stack and is no router, such as an app of connect", () => {
    const app = express();
    const foreign = Object.assign(answer.bind(null), {
      stack: [{ route: "", handle: answer }],
      use: () => undefined,
      route: "/",
    });
    app.get("/a", guardFor(), answer);
    app.use("/assets", foreign);
    app.use("/files", Object.assign(answer.bind(null), { stack: [] }));
    expect(auditRoutes(app).handlers).toMatchObject([
      { paths: ["/assets"], status: "open" },
      { paths: ["/files"], status: "open" },
    ]);
  });

  it.each(["expressSecureApiGuard", "__original", "_datadog_orig"])(
    "believes no %s that all functions inherit",
    (name) => {
      const app = express();
      app.get("/a", pass, answer);
      const value = name === "expressSecureApiGuard" ? JSON.stringify(authentication) : guardFor();
      Object.defineProperty(Function.prototype, name, { value, configurable: true });
      try {
        expect(statusesOf(app)).toEqual([["/a", "open", undefined]]);
      } finally {
        Reflect.deleteProperty(Function.prototype, name);
      }
    },
  );

  it.each<[string, object]>([
    ["without a kind", { kind: undefined }],
    ["of an unknown kind", { kind: "guard" }],
    ["with an optional that is no boolean", { optional: "true" }],
    ["with a rule that is no text", { rule: 1 }],
  ])("takes a brand %s for none", (_what, odd) => {
    const app = express();
    const expressSecureApiGuard = JSON.stringify({ ...authentication, ...odd });
    app.get("/a", Object.assign(pass.bind(null), { expressSecureApiGuard }), answer);
    app.get("/b", Object.assign(answer.bind(null), { expressSecureApiGuard }));
    expect(statusesOf(app).map(([, status]) => status)).toEqual(["open", "open"]);
  });

  it.each<[string, string[], string, string?]>([
    ["a wildcard deeper than the guards", ["/f", "/f/:a", "/f/:a/:b"], "/f/*", "/f/*rest"],
    [
      "one of many optional parts",
      ["/a/:b/:c/:d/:e/:f", "/a/:b/:c/:d/:e", "/a/:b/:c/:d", "/a/:b/:c"],
      "/a/:b?/:c?/:d?/:e?/:f?",
      "/a{/:b}{/:c}{/:d}{/:e}{/:f}",
    ],
  ])("tries %s", (_what, guarded, path4, path5) => {
    const app = express();
    app.all(guarded, guardFor());
    app.get(version === "4" ? path4 : (path5 ?? path4), answer);
    expect(statusesOf(app).map(([, status]) => status)).toEqual(["open"]);
  });

  it("tries a part that only the last of many combinations has", () => {
    const app = express();
    app.use("/a/b", guardFor());
    app.get(version === "4" ? "/a/(b/)?(c/)?(d/)?(e/)?(f)?" : "/a{/b}{/c}{/d}{/e}{/f}", answer);
    expect(statusesOf(app).map(([, status]) => status)).toEqual(["open"]);
  });

  it("tries paths far below a handler", () => {
    const app = express();
    app.all(["/f", "/f/:a", "/f/:a/:b"], guardFor());
    app.use("/f", answer);
    expect(auditRoutes(app).handlers).toMatchObject([{ status: "open" }]);
  });

  it("tries upper and lower case within a path", () => {
    const app = express();
    const router = express.Router({ caseSensitive: true });
    router.use(["/admin", "/ADMIN"], guardFor());
    app.use(router);
    app.get("/admin", answer);
    expect(statusesOf(app).map(([, status]) => status)).toEqual(["open"]);
  });

  it("tries values of other characters than names have", () => {
    const app = express();
    app.use(/^\/u\/[\w-]+(?:\/|$)/i, guardFor());
    app.get("/u/:id", answer);
    expect(statusesOf(app).map(([, status]) => status)).toEqual(["open"]);
  });

  it.runIf(version === "4")("tries the words in expressions within paths", () => {
    const app = express();
    app.all("/api/:x((?!public)[^/]*)", guardFor());
    app.get("/api/:x", answer);
    expect(statusesOf(app).map(([, status]) => status)).toEqual(["open"]);
  });

  it("tries the words in expressions at which guards of routes and of routers stand", () => {
    for (const mount of ["route", "router"]) {
      const app = express();
      const router = express.Router();
      router.use(guardFor());
      if (mount === "route") app.all(/^\/api\/(?!public).*$/, guardFor());
      else app.use(/^\/api\/(?!public).*$/, router);
      app.get("/api/:x", answer);
      expect(statusesOf(app).map(([, status]) => status)).toEqual(["open"]);
    }
  });

  it("finds mounted apps and paths from another realm, as under Jest", () => {
    const app = express();
    const sub = express();
    sub.get("/b", answer);
    const realm = vm.createContext({ app, sub, guard: guardFor() });
    vm.runInContext(
      'app.use("/guarded/:x", (0, guard)); app.use("/guarded/:x", sub); app.use("/open", sub);',
      realm,
    );
    expect(statusesOf(app)).toEqual([
      ["/guarded/:x/b", "guarded", undefined],
      ["/open/b", "open", undefined],
    ]);
  });
});
