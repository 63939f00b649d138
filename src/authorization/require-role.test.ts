import type { ErrorRequestHandler, Express, RequestHandler } from "express";
import request from "supertest";
import { describe, expect, it } from "vitest";
import { expressVersions } from "../../test/support/express.js";
import type { Decision } from "../core/decision/decision.js";
import { decisionsOf } from "../core/decision/decision.js";
import {
  createPrincipal,
  type PrincipalInit,
  setPrincipalSource,
} from "../core/principal/principal.js";
import { authorize } from "./authorize.js";
import { all } from "./combinators/all.js";
import { any } from "./combinators/any.js";
import { not } from "./combinators/not.js";
import { requireRole } from "./require-role.js";
import { requireScope } from "./require-scope.js";
import { createPureRule } from "./rule/rule.js";
import { UNDECIDED } from "./rule/verdict.js";
import { role } from "./rules/role.js";
import { scope } from "./rules/scope.js";

describe.each(expressVersions)("authorization on Express %s", (_major, express) => {
  let decisions: readonly Decision[] = [];

  /** An app that knows who calls, with one guarded route for every method. */
  function appFor(init: PrincipalInit | null, ...guards: RequestHandler[]): Express {
    const app = express();
    app.use((req, res, next) => {
      setPrincipalSource(req, () => (init === null ? null : createPrincipal(init)));
      res.on("close", () => {
        decisions = decisionsOf(req);
      });
      next();
    });
    app.all("/", ...guards, (_req, res) => void res.json({ reached: true }));
    return app;
  }

  describe("requireRole", () => {
    it.each([[["editor"]], [["admin"]], [["viewer", "admin"]]])(
      "lets pass who has one of the roles: %j",
      async (roles) => {
        await request(appFor({ subject: "alice", roles }, requireRole("admin", "editor")))
          .get("/")
          .expect(200, { reached: true });
        expect(decisions).toEqual([
          {
            guard: "requireRole",
            outcome: "allow",
            enforced: true,
            code: "ok",
            rule: "role(admin, editor)",
          },
        ]);
      },
    );

    it.each([[[]], [["administrator"]], [["ADMIN"]], [["realm:admin"]], [["admin,editor"]]])(
      "answers 403 without a challenge to %j, and does not say which roles would do",
      async (roles) => {
        const answer = await request(
          appFor({ subject: "alice", roles }, requireRole("admin", "editor")),
        )
          .get("/")
          .expect(403);
        expect(JSON.parse(answer.text)).toEqual({
          title: "Forbidden",
          status: 403,
          detail: "The caller is not allowed to do this.",
          code: "access_denied",
        });
        expect(answer.headers).not.toHaveProperty("www-authenticate");
        expect(answer.text + JSON.stringify(answer.headers)).not.toMatch(/admin|editor/);
        expect(decisions).toEqual([
          {
            guard: "requireRole",
            outcome: "deny",
            enforced: true,
            code: "access_denied",
            status: 403,
            reason: "missing_role",
            rule: "role(admin, editor)",
          },
        ]);
      },
    );

    it("answers 401 with a challenge without an error code when nobody is authenticated", async () => {
      const answer = await request(appFor(null, requireRole("admin")))
        .get("/")
        .expect(401);
      expect(answer.headers["www-authenticate"]).toBe('Bearer realm="api"');
      expect(JSON.parse(answer.text).code).toBe("authentication_required");
      expect(decisions).toMatchObject([{ outcome: "deny", status: 401, reason: "no_principal" }]);
    });

    it("answers 401 when no middleware before it says who calls", async () => {
      const app = express();
      app.get("/", requireRole("admin"), (_req, res) => void res.json({ reached: true }));
      await request(app).get("/").expect(401);
    });

    it("takes an anonymous principal for nobody, whatever roles it has", async () => {
      const app = appFor(
        { kind: "anonymous", subject: "session-1", roles: ["admin"] },
        requireRole("admin"),
      );
      await request(app).get("/").expect(401);
      expect(decisions).toMatchObject([{ reason: "anonymous" }]);
    });

    it("lets services pass as it does users", async () => {
      await request(
        appFor({ kind: "service", clientId: "cron", roles: ["admin"] }, requireRole("admin")),
      )
        .get("/")
        .expect(200);
    });

    it("believes nothing that handlers put on the request", async () => {
      const app = express();
      app.use((req, _res, next) => {
        Object.assign(req, {
          auth: { payload: { roles: ["admin"] } },
          user: { roles: ["admin"] },
          principal: { roles: ["admin"] },
        });
        next();
      });
      app.get("/", requireRole("admin"), (_req, res) => void res.json({ reached: true }));
      await request(app).get("/").expect(401);
    });

    it.each([
      "get",
      "head",
      "options",
      "post",
      "put",
      "patch",
      "delete",
      "trace",
      "propfind",
    ] as const)("guards %s", async (method) => {
      const guarded = appFor(null, requireRole("admin"));
      await request(guarded)[method]("/").expect(401);
    });

    it("names the realm it was given", async () => {
      const answer = await request(appFor(null, requireRole("admin", { realm: "orders" })))
        .get("/")
        .expect(401);
      expect(answer.headers["www-authenticate"]).toBe('Bearer realm="orders"');
    });

    it("answers as onDenied says", async () => {
      const guard = requireRole("admin", {
        onDenied: (error, _req, res) => void res.status(error.status).json({ mine: error.code }),
      });
      await request(appFor({ subject: "a" }, guard))
        .get("/")
        .expect(403, { mine: "access_denied" });
    });

    it("lets everybody pass in report mode, changes nothing, and records what it would have refused", async () => {
      const guard = requireRole("admin", { mode: "report" });
      const answer = await request(appFor(null, guard, requireScope("a", { mode: "report" })))
        .get("/")
        .expect(200, { reached: true });
      expect(answer.headers).not.toHaveProperty("www-authenticate");
      expect(decisions).toEqual([
        {
          guard: "requireRole",
          outcome: "deny",
          enforced: false,
          code: "authentication_required",
          status: 401,
          reason: "no_principal",
          rule: "role(admin)",
          first: true,
        },
        {
          guard: "requireScope",
          outcome: "deny",
          enforced: false,
          code: "authentication_required",
          status: 401,
          reason: "no_principal",
          rule: "scope(a)",
          follows: "requireRole",
        },
      ]);
    });

    it("records in report mode, too, whom it lets pass", async () => {
      await request(
        appFor({ subject: "a", roles: ["admin"] }, requireRole("admin", { mode: "report" })),
      )
        .get("/")
        .expect(200);
      expect(decisions).toEqual([
        {
          guard: "requireRole",
          outcome: "allow",
          enforced: false,
          code: "ok",
          rule: "role(admin)",
        },
      ]);
    });

    it.each<[string, RequestHandler, number]>([
      [
        "never lets pass when the principal cannot be derived",
        requireRole("admin", { onDenied: "next" }),
        503,
      ],
      [
        "lets pass in report mode when the principal cannot be derived",
        requireRole("admin", { mode: "report" }),
        200,
      ],
    ])("%s", async (_what, guard, status) => {
      const app = express();
      app.use((req, _res, next) => {
        setPrincipalSource(req, () => {
          throw new Error("the claim mapping of the app is broken");
        });
        next();
      });
      app.get("/", guard, (req, res) => void res.json(decisionsOf(req)));
      const answer: ErrorRequestHandler = (_error, req, res, _next) =>
        void res.status(503).json(decisionsOf(req));
      app.use(answer);
      const { body } = await request(app).get("/").expect(status);
      expect(body).toMatchObject([
        {
          guard: "requireRole",
          outcome: "error",
          code: "check_unavailable",
          reason: "application_error",
          rule: "role(admin)",
        },
      ]);
    });

    it("decides by every guard of a route: the innermost cannot widen what an outer one narrows", async () => {
      const app = appFor(
        { subject: "a", roles: ["viewer"] },
        requireRole("viewer"),
        requireRole("admin"),
        requireRole("viewer"),
      );
      await request(app).get("/").expect(403);
      expect(decisions.map((decision) => decision.outcome)).toEqual(["allow", "deny"]);
    });

    it("answers an error, not the route, when the factory itself is mounted", async () => {
      const app = express();
      app.use(requireRole as unknown as RequestHandler);
      app.get("/", (_req, res) => void res.json({ reached: true }));
      const answer: ErrorRequestHandler = (error, _req, res, _next) =>
        void res.status(500).json(error.name);
      app.use(answer);
      await request(app).get("/").expect(500, '"OptionsError"');
    });
  });

  describe("requireScope", () => {
    it("lets pass who has all of the scopes", async () => {
      await request(appFor({ subject: "a", scopes: ["c", "b", "a"] }, requireScope("a", "b")))
        .get("/")
        .expect(200);
      expect(decisions).toMatchObject([
        { guard: "requireScope", outcome: "allow", rule: "scope(a, b)" },
      ]);
    });

    it("answers 403 with a challenge that names all of the scopes", async () => {
      const answer = await request(appFor({ subject: "a", scopes: ["a"] }, requireScope("a", "b")))
        .get("/")
        .expect(403);
      expect(answer.headers["www-authenticate"]).toBe(
        'Bearer realm="api", error="insufficient_scope", scope="a b"',
      );
      expect(JSON.parse(answer.text).code).toBe("insufficient_scope");
      expect(decisions).toMatchObject([
        { outcome: "deny", status: 403, code: "insufficient_scope", reason: "missing_scope" },
      ]);
    });

    it("answers 401 when nobody is authenticated", async () => {
      const answer = await request(appFor(null, requireScope("a")))
        .get("/")
        .expect(401);
      expect(answer.headers["www-authenticate"]).toBe('Bearer realm="api"');
    });

    it("takes one of several with any, and names the first one", async () => {
      await request(appFor({ subject: "a", scopes: ["b"] }, requireScope.any("a", "b")))
        .get("/")
        .expect(200);
      expect(decisions).toMatchObject([{ guard: "requireScope", rule: "scope.any(a, b)" }]);
      const answer = await request(
        appFor({ subject: "a" }, requireScope.any("a", "b", { realm: "orders" })),
      )
        .get("/")
        .expect(403);
      expect(answer.headers["www-authenticate"]).toBe(
        'Bearer realm="orders", error="insufficient_scope", scope="a"',
      );
    });
  });

  describe("authorize", () => {
    const rule = any(role("admin"), all(scope("orders:write"), not(role("suspended"))));

    it.each<[string, PrincipalInit]>([
      ["a role", { subject: "a", roles: ["admin"] }],
      ["the scope", { subject: "a", scopes: ["orders:write"] }],
    ])("lets pass whom the rule allows by %s", async (_what, init) => {
      await request(appFor(init, authorize(rule)))
        .get("/")
        .expect(200);
      expect(decisions).toMatchObject([
        { guard: "authorize", outcome: "allow", rule: rule.description },
      ]);
    });

    it("answers 403 without a challenge when a role would do as well", async () => {
      const answer = await request(
        appFor({ subject: "a" }, authorize(any(scope("a"), role("admin")))),
      )
        .get("/")
        .expect(403);
      expect(answer.headers).not.toHaveProperty("www-authenticate");
      expect(JSON.parse(answer.text).code).toBe("access_denied");
      expect(decisions).toMatchObject([{ reason: "missing_role" }]);
    });

    it("answers 403 with a challenge when scopes are all that is missing", async () => {
      const guard = authorize(all(scope("a"), role("admin"), scope("b")));
      const answer = await request(appFor({ subject: "a", roles: ["admin"] }, guard))
        .get("/")
        .expect(403);
      expect(answer.headers["www-authenticate"]).toBe(
        'Bearer realm="api", error="insufficient_scope", scope="a b"',
      );
    });

    it.each<[string, PrincipalInit | null]>([
      ["nobody", null],
      ["an anonymous principal", { kind: "anonymous" }],
    ])("answers 401 to %s even where the rule only forbids", async (_what, init) => {
      await request(appFor(init, authorize(not(role("suspended")))))
        .get("/")
        .expect(401);
      await request(appFor({ subject: "a" }, authorize(not(role("suspended")))))
        .get("/")
        .expect(200);
    });

    it("answers 503 with Retry-After when the rule is undecided", async () => {
      const undecided = createPureRule("undecided", undefined, () => UNDECIDED);
      for (const one of [undecided, not(undecided), all(undecided, role("admin"))]) {
        const answer = await request(appFor({ subject: "a", roles: ["admin"] }, authorize(one)))
          .get("/")
          .expect(503);
        expect(answer.headers["retry-after"]).toBe("5");
        expect(decisions).toMatchObject([
          { outcome: "error", status: 503, code: "service_unavailable", reason: "undecided" },
        ]);
      }
    });
  });
});

describe("the guards", () => {
  it.each([
    [
      requireRole("a", "b"),
      '{"guard":"requireRole","kind":"authorization","mode":"enforce","rule":"role(a, b)"}',
    ],
    [
      requireScope("a", { mode: "report" }),
      '{"guard":"requireScope","kind":"authorization","mode":"report","rule":"scope(a)"}',
    ],
    [
      requireScope.any("a"),
      '{"guard":"requireScope","kind":"authorization","mode":"enforce","rule":"scope.any(a)"}',
    ],
    [
      authorize(not(role("a"))),
      '{"guard":"authorize","kind":"authorization","mode":"enforce","rule":"not(role(a))"}',
    ],
  ])("carry the brand that the route audit reads", (guard, brand) => {
    expect(guard).toHaveProperty("expressSecureApiGuard", brand);
    expect(guard).toHaveLength(3);
  });

  const unset: string | undefined = undefined;
  it.each<[string, () => unknown, string]>([
    [
      "no role",
      () => requireRole(...([] as unknown as ["a"])),
      "requireRole.roles must have at least one entry, got none",
    ],
    [
      "options alone",
      () => requireRole({ mode: "report" } as never),
      "requireRole.roles must have at least one entry, got none",
    ],
    [
      "a missing environment variable",
      () => requireRole("a", unset as never),
      "requireRole.roles[1] must be a non-empty string, got undefined: is an environment variable missing?",
    ],
    [
      "null in place of the options",
      () => requireRole("a", null as never),
      "requireRole.roles[1] must be a non-empty string, got null",
    ],
    [
      "a list of roles",
      () => requireRole(["a", "b"] as never),
      'requireRole.roles[0] must be a non-empty string, got a list of 2: write "a", "b" without brackets',
    ],
    [
      "options before the roles",
      () => requireRole({ mode: "report" } as never, "a"),
      "requireRole.roles[0] must be a non-empty string, got an object",
    ],
    [
      "an unknown option",
      () => requireRole("a", { realms: "x" } as never),
      'requireRole must not have an option "realms": did you mean "realm"?',
    ],
    [
      "a name of other packages",
      () => requireRole("a", { dryRun: true } as never),
      'requireRole must not have an option "dryRun": leave it out to refuse, write mode: "report"',
    ],
    [
      "a wrong mode",
      () => requireRole("a", { mode: "warn" } as never),
      'requireRole.mode must be one of "enforce", "report"',
    ],
    [
      "a wrong realm",
      () => requireRole("a", { realm: 'a"b' }),
      'requireRole.realm must be of printable ASCII characters except " and \\, got a string of 3 characters',
    ],
    [
      "an empty realm",
      () => requireRole("a", { realm: "" }),
      "requireRole.realm must be a non-empty string, got an empty string",
    ],
    [
      "a class instance as options",
      () => requireRole("a", new (class {})() as never),
      "requireRole must be an options object, got an object",
    ],
    [
      "several scopes in one string",
      () => requireScope("a b"),
      'requireScope.scopes[0] must be one scope without white space: write several as "a", "b"',
    ],
    [
      "no scope",
      () => requireScope.any(...([] as unknown as ["a"])),
      "requireScope.any.scopes must have at least one entry, got none",
    ],
    [
      "a string as a rule",
      () => authorize("admin" as never),
      'authorize.rule must be a rule such as role("admin"), got a string of 5 characters',
    ],
    [
      "a guard as a rule",
      () => authorize(requireRole("a") as never),
      'authorize.rule must be a rule such as role("admin"), got a function: a guard is no rule',
    ],
    [
      "no rule",
      () => authorize(unset as never),
      'authorize.rule must be a rule such as role("admin"), got undefined',
    ],
  ])("refuse at start-up: %s", (_what, create, problem) => {
    expect(create).toThrow(
      expect.objectContaining({ name: "OptionsError", message: expect.stringContaining(problem) }),
    );
  });

  it("report wrong names and wrong options in one error", () => {
    expect(() => requireRole("", { mode: "x", realm: 1 } as never)).toThrow(
      /^3 options are wrong:/,
    );
  });

  it("do not compile without a name, with a name that may be missing, or with options that are none", () => {
    // @ts-expect-error at least one role
    expect(() => requireRole()).toThrow();
    // @ts-expect-error options alone
    expect(() => requireRole({})).toThrow();
    // @ts-expect-error at least one scope
    expect(() => requireScope()).toThrow();
    // @ts-expect-error undefined is no role
    expect(() => requireRole(unset)).toThrow();
    // @ts-expect-error unknown option
    expect(() => requireRole("a", { strict: true })).toThrow();
    // @ts-expect-error a description alone is no rule
    expect(() => authorize({ description: "role(a)" })).toThrow();
    // @ts-expect-error at least one rule
    expect(() => all()).toThrow();
  });
});
