import type { Express, Request, RequestHandler, Response } from "express";
import request from "supertest";
import { afterEach, describe, expect, it, vi } from "vitest";
import { listenToDecisions } from "../../../test/support/decisions.js";
import { expressVersions } from "../../../test/support/express.js";
import {
  all,
  authenticated,
  authorize,
  requireOwnership,
  role,
  scope,
  when,
} from "../../authorization/index.js";
import { guardMark, markGuard } from "../../core/guard/guard-mark.js";
import { structuralGuard } from "../../json-body/index.js";
import { getPrincipal } from "../../principal/index.js";
import { auditRoutes } from "../../route-audit/index.js";
import { createTestIssuer } from "../../testing/index.js";
import { type SecureApi, type SecureApiOptions, secureApi } from "../index.js";
import type { RouteTable } from "./row-options.js";

const issuer = createTestIssuer();
const tokens = {
  nobody: undefined,
  user: issuer.mint({ sub: "user" }),
  writer: issuer.mint({ sub: "writer", scope: "orders:write" }),
  admin: issuer.mint({ sub: "admin", roles: ["admin"] }),
};
type Caller = keyof typeof tokens;
const ORDER = {
  type: "object",
  required: ["sku"],
  properties: { sku: { type: "string", maxLength: 10 } },
} as const;

const decisions = listenToDecisions();

afterEach(() => {
  vi.restoreAllMocks();
});

describe.each(expressVersions)("The table of routes on Express %s", (_major, express) => {
  let security: SecureApi;

  function appWith(
    routes: RouteTable,
    options: Partial<SecureApiOptions> = {},
    ...behind: RequestHandler[]
  ): Express {
    vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
    security = secureApi({
      auditLog: false,
      oauthGuard: { ...issuer.options(), optional: true },
      rateLimit: false,
      jsonBody: {},
      otherwise: "authenticated",
      routes,
      ...options,
    });
    const app = (express as unknown as () => Express)();
    app.use(security, ...behind);
    app.use((req: Request, res: Response) => {
      res.json({ body: req.body ?? null, params: req.params, method: req.method });
    });
    return app;
  }

  function ask(app: Express, line: string, caller: Caller = "nobody") {
    const [method = "GET", path = "/"] = line.split(" ");
    const asked = request(app)[method.toLowerCase() as "get"](path);
    const token = tokens[caller];
    return token === undefined ? asked : asked.set("Authorization", `Bearer ${token}`);
  }

  const table: RouteTable = {
    "POST /orders": { requireScope: "orders:write", validate: { body: ORDER } },
    "/admin/*": { requireRole: ["admin", "root"], except: ["GET /admin/login", "/admin/help/*"] },
    "GET /admin/login": { public: "the form of the login" },
    "/admin/help/*": { authorize: authenticated() },
    "/closed/*": { deny: true },
    "/reports/*": { methods: ["GET", "POST"] },
    "GET /health": { public: "a health check" },
  };

  it("asks for the caller's own id, permissions, a recent login, and the owner of an object", async () => {
    const own = requireOwnership({
      load: (req) => ({ userId: req.params["id"] === "7" ? "user" : "other" }),
      owner: "userId",
    });
    const app = appWith({
      "/users/:name/*": { ownParam: "name" },
      "/pay": { requireStepUp: { maxAge: "5m" } },
      "/write": { requirePermission: "orders:write" },
      "/orders/:id": { use: own },
    });
    await ask(app, "GET /users/user/a", "user").expect(200);
    await ask(app, "GET /users/other/a", "user").expect(403);
    await ask(app, "GET /users/user/a").expect(401);
    await ask(app, "GET /orders/7", "user").expect(200);
    await ask(app, "GET /orders/8", "user").expect(404);
    await ask(app, "GET /write", "writer").expect(403);
    const { body } = await ask(app, "POST /pay", "user").expect(401);
    expect(body.code).toBe("insufficient_user_authentication");
    await request(app)
      .get("/pay")
      .set("Authorization", `Bearer ${issuer.mint({ auth_time: Math.floor(Date.now() / 1000) })}`)
      .expect(200);
  });

  it("lets functions in report mode read the parameters when the request has gone on", async () => {
    const seen: unknown[] = [];
    const read = async (req: Request): Promise<unknown[]> => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      const found = [req.params["id"], req.path, req.get("x-from"), getPrincipal(req)?.subject];
      seen.push(found);
      return found;
    };
    const load = async (req: Request) => ({ userId: (await read(req))[0] });
    const app = appWith({
      "/orders/:id": { use: requireOwnership({ load, owner: "userId", mode: "report" }) },
      "/notes/:id/*": {
        authorize: when("mine", async (_principal, req) => (await read(req))[0] === "user"),
        mode: "report",
      },
    });
    for (const path of ["/orders/user", "/notes/user/a", "/orders/other"]) {
      const before = decisions.length;
      const { body } = await ask(app, `GET ${path}`, "user").set("X-From", "a").expect(200);
      expect(body.params).toEqual({});
      const outcome = path.endsWith("other") ? "deny" : "allow";
      await vi.waitFor(() => {
        const own = decisions.slice(before).find(({ enforced }) => !enforced);
        expect(own).toMatchObject({ outcome });
      });
    }
    expect(seen).toEqual([
      ["user", "/orders/user", "a", "user"],
      ["user", "/notes/user/a", "a", "user"],
      ["other", "/orders/other", "a", "user"],
    ]);
  });

  it("is seen by the route audit, with the rows that cover no route", () => {
    vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
    const app = (express as unknown as () => Express)();
    app.use(
      secureApi({
        auditLog: false,
        rateLimit: false,
        oauthGuard: issuer.options(),
        otherwise: "authenticated",
        publicRoutes: ["GET /health"],
        routes: {
          "/admin/*": { requireRole: "admin", except: "GET /admin/help" },
          "GET /admin/help": { authorize: authenticated() },
          "GET /gone": { requireScope: "a" },
        },
      }),
    );
    for (const path of ["/admin/a", "/admin/help", "/health", "/else"])
      app.get(path, (_req, res) => void res.end());
    const { routes, unused } = auditRoutes(app);
    const seen = routes.map(({ path, status, guards }) => [
      path,
      status,
      guards.flatMap(({ kind, rule }) => (kind === "authorization" ? [rule] : [])),
    ]);
    expect(seen).toEqual([
      ["/admin/a", "guarded", ["role(admin)", "otherwise(authenticated)"]],
      ["/admin/help", "guarded", ["authenticated()"]],
      ["/health", "public", []],
      ["/else", "guarded", ["otherwise(authenticated)"]],
    ]);
    expect(unused.map(({ pattern }) => pattern)).toEqual(["GET /gone"]);
  });

  it("warns in report mode, once, of rows that cover no route, and never when it enforces", async () => {
    const warned = async (mode: "enforce" | "report", routes = 1): Promise<readonly string[]> => {
      const warn = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
      const app = (express as unknown as () => Express)();
      app.use(
        secureApi({
          auditLog: false,
          rateLimit: false,
          oauthGuard: issuer.options(),
          otherwise: "authenticated",
          mode,
          routes: { "GET /gone": { requireScope: "a" }, "/here": { requireScope: "a" } },
        }),
      );
      for (let index = 0; index < routes; index += 1)
        app.get(index === 0 ? "/here" : `/r${index}/:id`, (_req, res) => void res.end());
      const messages = (): readonly string[] =>
        warn.mock.calls
          .map(([message]) => String(message))
          .filter((message) => message.includes("cover no route of the app"));
      await request(app).get("/here");
      if (mode === "report" && routes <= 250) {
        await vi.waitFor(() => expect(messages()).toHaveLength(1), { timeout: 10_000 });
      }
      await request(app).get("/here");
      await new Promise((resolve) => void setTimeout(resolve, 50));
      return messages();
    };
    expect(await warned("report")).toEqual([
      "secureApi: 1 pattern(s) cover no route of the app: GET /gone. A request that they are meant for would fall to otherwise.",
    ]);
    vi.restoreAllMocks();
    expect(await warned("report", 250)).toHaveLength(1);
    vi.restoreAllMocks();
    expect(await warned("enforce")).toEqual([]);
    vi.restoreAllMocks();
    // To look at so many would keep requests waiting.
    expect(await warned("report", 310)).toEqual([]);
  });

  it.each<[string, Caller, number]>([
    ["POST /orders", "nobody", 401],
    ["POST /orders", "user", 403],
    ["GET /orders", "nobody", 401],
    ["GET /orders", "user", 200],
    ["GET /admin", "user", 403],
    ["GET /admin/a/b", "user", 403],
    ["DELETE /admin/a/b", "user", 403],
    ["GET /ADMIN/a", "user", 403],
    ["GET /admin/a", "admin", 200],
    ["GET /admin/login", "nobody", 200],
    ["HEAD /admin/login", "nobody", 200],
    ["POST /admin/login", "user", 403],
    ["GET /Admin/Login", "user", 403],
    ["GET /admin/login/", "user", 403],
    ["GET /admin/help/a", "nobody", 401],
    ["GET /admin/help/a", "user", 200],
    ["GET /closed", "admin", 403],
    ["GET /closed/a", "nobody", 403],
    ["GET /reports/a", "user", 200],
    ["HEAD /reports/a", "user", 200],
    ["GET /reports/a", "nobody", 401],
    ["DELETE /reports/a", "user", 405],
    ["GET /health", "nobody", 200],
    ["GET /Health", "nobody", 401],
    ["GET /else", "nobody", 401],
    ["GET /else", "user", 200],
  ])("answers %s of %s with %i", async (line, caller, status) => {
    await ask(appWith(table), line, caller).expect(status);
  });

  it.each<[string, Caller, number]>([
    ["GET /else", "admin", 403],
    ["GET /else", "nobody", 403],
    ["GET /admin/a", "admin", 200],
    ["POST /orders", "writer", 400],
    ["GET /orders", "writer", 403],
    ["GET /health", "nobody", 200],
    ["GET /reports/a", "admin", 403],
  ])('answers %s of %s with %i where otherwise is "deny"', async (line, caller, status) => {
    const app = appWith(table, { otherwise: "deny" });
    const answer = await ask(app, line, caller).expect(status);
    if (status === 403) expect(answer.body.code).toBe("access_denied");
  });

  it("validates bodies, and keeps what it found valid for the handler", async () => {
    const app = appWith(table, {}, (req, res) => {
      res.json({ valid: security.valid(req, "POST /orders").body, body: req.body });
    });
    const wrong = await ask(app, "POST /orders", "writer").send({ sku: 1, more: 2 }).expect(422);
    expect(wrong.body.errors).toHaveLength(2);
    const right = await ask(app, "POST /orders", "writer").send({ sku: "a" }).expect(200);
    expect(right.body).toEqual({ valid: { sku: "a" }, body: { sku: "a" } });
  });

  it("says who asks for values that no row has validated", async () => {
    const app = appWith(table, {}, (req, res) => {
      const seen = ["POST /orders", "GET /orders"].map((pattern) => {
        try {
          return security.valid(req, pattern);
        } catch (error) {
          return (error as Error).message;
        }
      });
      res.json(seen);
    });
    expect((await ask(app, "GET /else", "user")).body).toEqual([
      "validate: valid(req) needs its validator in front of the handler",
      "secureApi: valid(req, pattern) needs the pattern of a row with validate",
    ]);
  });

  it("asks all that all rows ask", async () => {
    const app = appWith({
      "/a/*": { requireRole: "admin" },
      "/a/b": { requireScope: "x" },
      "GET /a/:id": { authorize: all(scope("y"), scope("z")) },
    });
    const of = (roles: string[], scopes: string) =>
      request(app)
        .get("/a/b")
        .auth(issuer.mint({ roles, scope: scopes }), { type: "bearer" });
    await of(["admin"], "x y z").expect(200);
    await of([], "x y z").expect(403);
    await of(["admin"], "y z").expect(403);
    await of(["admin"], "x y").expect(403);
  });

  it("names in Allow what all rows enable", async () => {
    const app = appWith({
      "/a/*": { methods: ["GET", "POST", "PUT"] },
      "/a/b": { methods: ["GET", "PATCH", "PUT"] },
    });
    const refused = await ask(app, "PATCH /a/b", "user").expect(405);
    expect(refused.headers["allow"]).toBe("GET, PUT, HEAD");
    expect(refused.body.code).toBe("method_not_allowed");
    await ask(app, "POST /a/b", "user").expect(405);
    await ask(app, "POST /a/c", "user").expect(200);
    const crossed = appWith({ "/a/:b": { methods: "GET" }, "/:a/b": { methods: "POST" } });
    expect((await ask(crossed, "GET /a/b", "user").expect(405)).headers["allow"]).toBe("");
    // Strangers learn nothing.
    await ask(app, "PATCH /a/b", "nobody").expect(401);
  });

  it("counts in the phases of the preset, with a quota for each row", async () => {
    const app = appWith(
      {
        "POST /login": { public: "the login", rateLimit: { limit: 1, window: "1m" } },
        "/search/*": {
          rateLimit: [
            { limit: 2, window: "1m", key: "principal" },
            { name: "all", limit: 3, window: "1m" },
          ],
        },
      },
      { rateLimit: { limit: 100, window: "1m" } },
    );
    await ask(app, "POST /login").expect(200);
    const refused = await ask(app, "POST /LOGIN").expect(429);
    expect(refused.body["violated-policies"]).toEqual(["POST /login"]);
    for (const caller of ["user", "user", "writer"] as const)
      await ask(app, "GET /search/a", caller).expect(200);
    expect((await ask(app, "GET /search/b", "user").expect(429)).body["violated-policies"]).toEqual(
      ["all"],
    );
  });

  it("limits rows where the preset has no limit of its own", async () => {
    const app = appWith({ "/a": { rateLimit: { limit: 1, window: "1m" } } });
    await ask(app, "GET /a", "user").expect(200);
    await ask(app, "GET /a", "user").expect(429);
    await ask(app, "GET /b", "user").expect(200);
  });

  it("gives guards the parameters of the pattern, and takes them away again", async () => {
    const seen: unknown[] = [];
    const look = markGuard(
      ((req, _res, next) => {
        seen.push({ ...req.params });
        next();
      }) as RequestHandler,
      { guard: "own", kind: "authorization", mode: "enforce" },
    );
    const app = appWith({
      "/users/:userId/:what": {
        use: look as never,
        validate: {
          params: {
            type: "object",
            properties: { userId: { type: "integer" }, what: { type: "string" } },
          },
        },
      },
    });
    const answer = await ask(app, "GET /users/7/a%20b", "user").expect(200);
    expect(seen).toEqual([{ userId: "7", what: "a b" }]);
    expect(answer.body.params).toEqual({});
    await ask(app, "GET /users/x/y", "user").expect(422);
  });

  it("takes guards that were made elsewhere", async () => {
    const app = appWith({ "/a": { use: [authorize(role("admin")), authorize(authenticated())] } });
    await ask(app, "GET /a", "user").expect(403);
    await ask(app, "GET /a", "admin").expect(200);
  });

  it("takes nothing from otherwise by guards that only report, validate, or are optional", async () => {
    const pass = ((_req, _res, next) => next()) as RequestHandler;
    const mark = { guard: "own", kind: "authorization", mode: "enforce" } as const;
    for (const use of [
      authorize(authenticated(), { mode: "report" }),
      structuralGuard(),
      markGuard(pass, { ...mark, optional: true }),
      markGuard((...args: Parameters<RequestHandler>) => pass(...args), {
        ...mark,
        mode: "report",
      }),
    ]) {
      const rest = { "/b": { deny: true } } as const;
      const app = appWith({ ...rest, "/a": { use: use as never }, "/*": { methods: "GET" } });
      await ask(app, "GET /a", "nobody").expect(401);
      await ask(app, "GET /a", "user").expect(200);
    }
  });

  describe("in report mode", () => {
    it("refuses nothing, and records which row would", async () => {
      const app = appWith(table, { mode: "report" });
      for (const [line, caller] of [
        ["GET /admin/a", "user"],
        ["GET /closed", "user"],
        ["DELETE /reports/a", "user"],
        ["GET /else", "nobody"],
        ["GET /a//b", "user"],
      ] as const)
        await ask(app, line, caller).expect(200);
      const refused = decisions.filter(({ outcome }) => outcome === "deny");
      expect(
        refused.map(({ row, code, reason, enforced }) => [row, code, reason, enforced]),
      ).toEqual([
        ["/admin/*", "access_denied", "missing_role", false],
        ["/closed/*", "access_denied", "denied_row", false],
        ["/reports/*", "method_not_allowed", "method_disabled", false],
        [undefined, "authentication_required", "no_principal", false],
        [undefined, "ambiguous_request", "empty_segment", false],
      ]);
    });

    it("leaves what a single row covers to the others", async () => {
      const app = appWith({
        "/a/*": { requireRole: "admin", mode: "report" },
        "/a/b": { requireScope: "orders:write" },
      });
      await ask(app, "GET /a", "user").expect(200);
      await ask(app, "GET /a", "nobody").expect(401);
      await ask(app, "GET /a/b", "user").expect(403);
      await ask(app, "GET /a/b", "writer").expect(200);
    });
  });

  describe("with requests that name another method", () => {
    const override = { "X-HTTP-Method-Override": "DELETE" };

    it("refuses them", async () => {
      const refused = await ask(appWith(table), "POST /else", "admin").set(override).expect(400);
      expect(refused.body.code).toBe("ambiguous_request");
      await ask(appWith(table), "POST /else?_method=DELETE", "admin").expect(400);
    });

    it("lets rows for every method decide, where they are allowed", async () => {
      const paths = { allow: "method-override" } as const;
      const app = appWith({ "DELETE /a": { requireRole: "admin" } }, { paths, otherwise: "deny" });
      await ask(app, "POST /a", "user").set(override).expect(403);
      await ask(app, "POST /a", "admin").set(override).expect(403);
      const open = appWith({ "DELETE /a": { requireRole: "admin" } }, { paths });
      await ask(open, "POST /a", "user").set(override).expect(403);
      await ask(open, "POST /a", "admin").set(override).expect(200);
      const limited = appWith({ "/a": { methods: ["POST"] } }, { paths });
      await ask(limited, "POST /a", "admin").set(override).expect(405);
    });
  });

  it("is known to the route audit, row by row", () => {
    appWith(table);
    const parts = guardMark(security)?.parts ?? [];
    expect(parts.filter(({ at }) => at !== undefined)).toEqual([
      {
        guard: "requireScope",
        kind: "authorization",
        mode: "enforce",
        rule: "scope(orders:write)",
        at: ["POST /orders"],
      },
      { guard: "validate", kind: "validation", mode: "enforce", at: ["POST /orders"] },
      {
        guard: "requireRole",
        kind: "authorization",
        mode: "enforce",
        rule: "role(admin, root)",
        at: ["/admin/*"],
        except: ["GET /admin/login", "/admin/help/*"],
      },
      {
        guard: "secureApi",
        kind: "public",
        mode: "enforce",
        rule: "the form of the login",
        at: ["GET /admin/login"],
      },
      {
        guard: "authorize",
        kind: "authorization",
        mode: "enforce",
        rule: "authenticated()",
        at: ["/admin/help/*"],
      },
      {
        guard: "secureApi",
        kind: "authorization",
        mode: "enforce",
        rule: "deny",
        at: ["/closed/*"],
      },
      {
        guard: "secureApi",
        kind: "validation",
        mode: "enforce",
        rule: "methods(GET, POST, HEAD)",
        at: ["/reports/*"],
      },
      {
        guard: "secureApi",
        kind: "public",
        mode: "enforce",
        rule: "a health check",
        at: ["GET /health"],
      },
    ]);
    expect(parts.at(-1)).toEqual({
      guard: "secureApi",
      kind: "authorization",
      mode: "enforce",
      rule: "otherwise(authenticated)",
      // What a row excepts falls to it.
      elsewhere: ["POST /orders", "/admin/help/*", "/closed/*"],
      except: ["GET /admin/login", "GET /health"],
    });
  });
});
