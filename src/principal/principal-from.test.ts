import type { ErrorRequestHandler, Express, Request, RequestHandler } from "express";
import request from "supertest";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { expressVersions } from "../../test/support/express.js";
import { requireRole } from "../authorization/require-role.js";
import type { Decision } from "../core/decision/decision.js";
import { decisionsOf } from "../core/decision/decision.js";
import type { Middleware } from "../core/guard/middleware.js";
import {
  createPrincipal,
  getPrincipal,
  type Principal,
  type PrincipalInit,
} from "../core/principal/principal.js";
import { principalFrom } from "./principal-from.js";

const alice: PrincipalInit = { subject: "alice", roles: ["admin"] };
const cyclic: Record<string, unknown> = {};
cyclic["itself"] = [cyclic];

/** What functions of apps return in place of a principal, and the error the app gets to see. */
const WRONG_RESULTS: readonly [string, unknown, string][] = [
  ["undefined", undefined, "principalFrom must return a plain object or null, got undefined"],
  ["false", false, "principalFrom must return a plain object or null, got boolean"],
  ["true", true, "principalFrom must return a plain object or null, got boolean"],
  ["a string", "alice", "principalFrom must return a plain object or null, got string"],
  ["a list", [alice], "principalFrom must return a plain object or null, got object"],
  [
    "a class instance",
    new (class User {
      subject = "alice";
      roles = ["admin"];
    })(),
    "principalFrom must return a plain object or null, got object",
  ],
  [
    "a promise of undefined",
    Promise.resolve(),
    "principalFrom must return a plain object or null, got undefined",
  ],
  [
    "a promise of a misspelt member",
    Promise.resolve({ subject: "alice", role: ["admin"] }),
    "principalFrom must return members of a principal only",
  ],
  ["nobody in particular", {}, "principalFrom must return a subject or a clientId"],
  [
    "roles without a subject",
    { roles: ["admin"] },
    "principalFrom must return a subject or a clientId",
  ],
  [
    "an empty subject",
    { subject: "" },
    "principalFrom must return a non-empty string as subject, got an empty string",
  ],
  [
    "a number as subject",
    { subject: 42 },
    "principalFrom must return a non-empty string as subject, got 42: write String(…) around it",
  ],
  [
    "null as subject",
    { subject: null },
    "principalFrom must return a non-empty string as subject, got null",
  ],
  [
    "one role without a list",
    { subject: "alice", roles: "admin" },
    "principalFrom must return a list of at most 2,000 non-empty strings as roles, got a string of 5 characters",
  ],
  [
    "a role that is no string",
    { subject: "alice", roles: [{ name: "admin" }] },
    "principalFrom must return a list of at most 2,000 non-empty strings as roles, got a list of 1",
  ],
  [
    "an empty role",
    { subject: "alice", roles: [""] },
    "principalFrom must return a list of at most 2,000 non-empty strings as roles, got a list of 1",
  ],
  [
    "a list with a hole",
    { subject: "alice", roles: Array(1) },
    "principalFrom must return a list of at most 2,000 non-empty strings as roles, got a list of 1",
  ],
  [
    "a Set of roles",
    { subject: "alice", roles: new Set(["admin"]) },
    "principalFrom must return a list of at most 2,000 non-empty strings as roles, got an object",
  ],
  [
    "scopes in one string",
    { subject: "alice", scopes: "a b" },
    "principalFrom must return a list of at most 2,000 non-empty strings as scopes, got a string of 3 characters",
  ],
  [
    "an unknown kind",
    { subject: "alice", kind: "admin" },
    'principalFrom must return "user", "service" or "anonymous" as kind, got a string of 5 characters',
  ],
  [
    "an issuer with a space",
    { subject: "alice", issuer: "a b" },
    "principalFrom must return a non-empty string without white space as issuer, got a string of 3 characters",
  ],
  [
    "a date as authTime",
    { subject: "alice", authTime: new Date(0) },
    "principalFrom must return a number of seconds as authTime, got an object",
  ],
  [
    "NaN as authTime",
    { subject: "alice", authTime: Number.NaN },
    "principalFrom must return a number of seconds as authTime, got NaN",
  ],
  [
    "a list as claims",
    { subject: "alice", claims: [] },
    "principalFrom must return a plain object as claims, got an empty list",
  ],
  [
    "an unknown list as undetermined",
    { subject: "alice", undetermined: ["amr"] },
    "principalFrom must return a list with some of roles, scopes, permissions, groups as undetermined, got a list of 1",
  ],
  [
    "a name as undetermined",
    { subject: "alice", undetermined: "roles" },
    "principalFrom must return a list with some of roles, scopes, permissions, groups as undetermined, got a string of 5 characters",
  ],
  [
    "claims that hold themselves",
    { subject: "alice", claims: cyclic },
    "principalFrom must return at most 10,000 values as claims, at most 32 deep",
  ],
  [
    "too many claims",
    { subject: "alice", claims: { orgs: Array(10_000).fill(0) } },
    "principalFrom must return at most 10,000 values as claims, at most 32 deep",
  ],
  [
    "a misspelt member",
    { subject: "alice", role: ["admin"] },
    "principalFrom must return members of a principal only: kind, subject, issuer, clientId, tenant, roles, scopes, permissions, groups, undetermined, acr, amr, authTime, claims",
  ],
  [
    "an id of its own",
    { ...alice, id: "root" },
    "principalFrom must return members of a principal only: kind,",
  ],
  [
    "an own __proto__",
    JSON.parse('{"subject":"alice","__proto__":{"roles":["admin"]}}'),
    "principalFrom must return members of a principal only: kind,",
  ],
];

describe.each(expressVersions)("principalFrom on Express %s", (_major, express) => {
  let decisions: readonly Decision[] = [];
  let warnings: (Error & { detail?: string })[] = [];
  const note = (warning: Error): void => void warnings.push(warning);

  beforeEach(() => {
    warnings = [];
    process.on("warning", note);
  });

  afterEach(() => {
    process.off("warning", note);
  });

  let failure: unknown;

  function appWith(...handlers: RequestHandler[]): Express {
    failure = undefined;
    const app = express();
    app.use((req, res, next) => {
      res.on("close", () => {
        decisions = decisionsOf(req);
      });
      next();
    });
    app.use(...handlers);
    app.get("/", (req, res) => void res.json(getPrincipal(req)));
    app.get("/admin", requireRole("admin"), (_req, res) => void res.json({ reached: true }));
    const lastResort: ErrorRequestHandler = (error, _req, res, _next) => {
      failure = error;
      res.status(500).json({ failed: true });
    };
    app.use(lastResort);
    return app;
  }

  it("hands on the list that it has looked at, and not what the list says later", async () => {
    let asked = 0;
    const roles = Object.assign(["user"], {
      *[Symbol.iterator]() {
        asked += 1;
        yield asked === 1 ? "user" : "admin";
      },
    });
    const app = appWith(principalFrom(() => ({ subject: "alice", roles })) as RequestHandler);
    app.get("/later", (req, res) => void res.json(getPrincipal(req)?.roles));
    await request(app).get("/later").expect(200, ["user"]);
  });

  it("tells the guards who calls", async () => {
    const app = appWith(principalFrom(() => alice));
    const { body } = await request(app).get("/").expect(200);
    expect(body).toMatchObject({
      id: "alice",
      kind: "user",
      subject: "alice",
      roles: ["admin"],
      scopes: [],
    });
    await request(app).get("/admin").expect(200);
    expect(decisions).toMatchObject([
      {
        guard: "principalFrom",
        outcome: "allow",
        enforced: true,
        code: "ok",
        reason: "principal_found",
      },
      { guard: "requireRole", outcome: "allow" },
    ]);
  });

  it("takes null for nobody: guards answer 401, open routes stay open", async () => {
    const app = appWith(principalFrom(() => null));
    await request(app).get("/").expect(200, "null");
    expect(decisions).toMatchObject([
      { guard: "principalFrom", outcome: "allow", reason: "no_principal" },
    ]);
    await request(app).get("/admin").expect(401);
  });

  it("takes what an async function finds in a database, and waits for it", async () => {
    const app = appWith(
      principalFrom(async (req) => {
        await new Promise((resolve) => setImmediate(resolve));
        return req.headers["x-user"] === undefined ? null : alice;
      }),
    );
    await request(app).get("/admin").set("X-User", "1").expect(200);
    await request(app).get("/admin").expect(401);
  });

  it("gives the function the request, once", async () => {
    const seen: string[] = [];
    const app = appWith(
      principalFrom((req: Request) => {
        seen.push(req.path);
        return alice;
      }),
    );
    await request(app).get("/admin").expect(200);
    expect(seen).toEqual(["/admin"]);
  });

  it("takes every member of a principal", async () => {
    const whole: PrincipalInit = {
      kind: "service",
      subject: "s",
      issuer: "https://a.example",
      clientId: "c",
      tenant: "t",
      roles: ["r"],
      scopes: ["s"],
      permissions: ["p"],
      groups: ["g"],
      undetermined: ["groups"],
      acr: "phr",
      amr: ["hwk"],
      authTime: 1,
      claims: { any: { thing: 1 } },
    };
    const { body } = await request(appWith(principalFrom(() => whole)))
      .get("/")
      .expect(200);
    expect(body).toEqual({ ...whole, id: "https://a.example service-account:s" });
  });

  it("takes a principal that was made before, with its own id", async () => {
    const made = createPrincipal({ subject: "alice", issuer: "https://a.example", roles: ["r"] });
    const { body } = await request(appWith(principalFrom(() => made)))
      .get("/")
      .expect(200);
    expect(body).toMatchObject({ id: "https://a.example alice", roles: ["r"] });
  });

  it("takes an anonymous principal without a name", async () => {
    const app = appWith(principalFrom(() => ({ kind: "anonymous" })));
    const { body } = await request(app).get("/").expect(200);
    expect(body).toMatchObject({ kind: "anonymous", id: "" });
    await request(app).get("/admin").expect(401);
  });

  it.each(WRONG_RESULTS)(
    "never lets pass when the function returns %s",
    async (_what, result, message) => {
      const derive = (): never => (typeof result === "function" ? result() : result) as never;
      await request(appWith(principalFrom(derive)))
        .get("/")
        .expect(503);
      expect(failure).toBeUndefined();
      const told = warnings.find((warning) => warning.detail?.includes(message));
      expect(told).toMatchObject({ code: "EXPRESS_SECURE_API_CHECK_FAILED" });
      expect(decisions).toEqual([
        {
          guard: "principalFrom",
          outcome: "error",
          enforced: true,
          code: "check_unavailable",
          status: 503,
          reason: "wrong_return",
        },
      ]);
    },
  );

  it.each<[string, () => PrincipalInit | null | Promise<PrincipalInit | null>]>([
    [
      "throws",
      () => {
        throw new Error("the session store is gone");
      },
    ],
    [
      "throws undefined",
      () => {
        throw undefined;
      },
    ],
    [
      'throws "route"',
      () => {
        throw "route";
      },
    ],
    ["is rejected", () => Promise.reject(new Error("the session store is gone"))],
    [
      "throws from a getter of its result",
      () =>
        Object.defineProperty({}, "subject", {
          enumerable: true,
          get() {
            throw new Error("x");
          },
        }),
    ],
  ])("never lets pass when the function %s", async (_how, derive) => {
    const answer = await request(appWith(principalFrom(derive)))
      .get("/")
      .expect(503)
      .expect("Retry-After", "5");
    expect(answer.body.code).toBe("check_unavailable");
    expect(failure).toBeUndefined();
    expect(decisions).toMatchObject([{ outcome: "error", status: 503 }]);
  });

  it("lets pass in report mode when the function fails, with nobody as principal", async () => {
    const app = appWith(principalFrom(() => undefined as never, { mode: "report" }));
    await request(app).get("/").expect(200, "null");
    expect(decisions).toMatchObject([
      { guard: "principalFrom", outcome: "error", enforced: false, first: true },
    ]);
  });

  it("copies the result: what the function keeps cannot be changed into a principal with more roles", async () => {
    const since = new Date(0);
    const kept = {
      subject: "alice",
      roles: ["viewer"],
      claims: { plan: "free", orgs: [{ id: 7, rights: { read: true } }], since },
    };
    let seen: Principal | null = null;
    const app = appWith(
      principalFrom(() => kept),
      (req, _res, next) => {
        kept.roles.push("admin");
        kept.claims.plan = "paid";
        Object.assign(kept.claims.orgs[0]?.rights ?? {}, { write: true });
        kept.claims.orgs.push({ id: 8, rights: { read: true } });
        seen = getPrincipal(req);
        next();
      },
    );
    await request(app).get("/admin").expect(403);
    const { claims } = seen as unknown as Principal;
    const [org] = claims["orgs"] as [{ rights: object }];
    expect(seen).toMatchObject({ roles: ["viewer"] });
    expect(claims).toEqual({ plan: "free", orgs: [{ id: 7, rights: { read: true } }], since });
    // Of no class of the app a copy can be made.
    expect(claims["since"]).toBe(since);
    for (const part of [seen, claims, claims["orgs"], org, org.rights]) {
      expect(Object.isFrozen(part)).toBe(true);
    }
  });

  it("counts when it is the later one, also when it finds nobody", async () => {
    const [one, other, nobody] = [alice, { subject: "bob" }, null].map((init) =>
      principalFrom(() => init),
    ) as [Middleware, Middleware, Middleware];
    const bob = await request(appWith(one, other)).get("/").expect(200);
    expect(bob.body.subject).toBe("bob");
    await request(appWith(one, nobody)).get("/admin").expect(401);
  });

  it("changes no decision in report mode when another one said already who calls", async () => {
    const reporting = principalFrom(() => ({ subject: "mallory", roles: ["admin"] }), {
      mode: "report",
    });
    const { body } = await request(
      appWith(
        principalFrom(() => ({ subject: "bob" })),
        reporting,
      ),
    )
      .get("/")
      .expect(200);
    expect(body.subject).toBe("bob");
    const alone = await request(appWith(reporting)).get("/").expect(200);
    expect(alone.body.subject).toBe("mallory");
  });
});

describe("principalFrom", () => {
  it("carries the brand that the route audit reads", () => {
    const guard = principalFrom(() => null);
    expect(guard).toHaveProperty(
      "expressSecureApiGuard",
      '{"guard":"principalFrom","kind":"authentication","mode":"enforce","optional":true}',
    );
    expect(guard.name).toBe("principalFromMiddleware");
    expect(guard).toHaveLength(3);
  });

  it.each<[string, unknown[], string]>([
    ["no function", [], "principalFrom.derive must be a function, got undefined"],
    ["a principal", [alice], "principalFrom.derive must be a function, got an object"],
    [
      "a wrong mode",
      [() => null, { mode: "off" }],
      'principalFrom.mode must be one of "enforce", "report"',
    ],
    [
      "onDenied, since it refuses nobody",
      [() => null, { onDenied: "next" }],
      'principalFrom must not have an option "onDenied"',
    ],
  ])("refuses %s at start-up", (_what, args, problem) => {
    expect(() => principalFrom(...(args as [() => null]))).toThrow(problem);
  });
});
