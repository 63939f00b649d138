import type { ErrorRequestHandler, Express, RequestHandler } from "express";
import request from "supertest";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { expressVersions } from "../../test/support/express.js";
import { authenticated, authorize, requireRole } from "../authorization/index.js";
import { type Decision, decisionsOf } from "../core/decision/decision.js";
import { guardMark, markGuard } from "../core/guard/guard-mark.js";
import type { Middleware } from "../core/guard/middleware.js";
import { OptionsError } from "../core/options/options-error.js";
import { oauthGuard } from "../oauth-guard/index.js";
import {
  enrichPrincipal,
  getPrincipal,
  type PrincipalInit,
  principalFrom,
  session,
} from "../principal/index.js";
import { rateLimit } from "../rate-limit/index.js";
import { createTestIssuer } from "../testing/index.js";
import { secureApi } from "./secure-api.js";
import type { SecureApiOptions } from "./secure-api-options.js";

const issuer = createTestIssuer();
const token = issuer.mint({ sub: "token-user", roles: ["admin"] });
const optional = { ...issuer.options(), optional: true } as const;

/** The caller that a field names, as an API key would. */
const byField = (name: string): Middleware =>
  principalFrom((req) => {
    const value = req.get(name);
    return value === undefined ? null : { subject: value, roles: ["admin"] };
  });

const users = ({ userId }: { readonly userId?: string }): PrincipalInit | null =>
  userId === undefined ? null : { subject: userId, roles: ["user"] };

let warned: string[] = [];
beforeEach(() => {
  warned = [];
  vi.spyOn(process, "emitWarning").mockImplementation(((_: string, { code }: { code: string }) => {
    warned.push(code);
  }) as never);
});

describe.each(expressVersions)("secureApi({ authenticate }) on Express %s", (_major, express) => {
  let decisions: readonly Decision[] = [];

  /** What express-session does: the field names the user of the session. */
  function sessions(): RequestHandler {
    return Object.defineProperty(
      ((req, _res, next) => {
        decisions = decisionsOf(req);
        const userId = req.get("x-session-user");
        Object.assign(req, { session: userId === undefined ? {} : { userId } });
        next();
      }) as RequestHandler,
      "name",
      { value: "session" },
    );
  }

  function appWith(options: Partial<SecureApiOptions>, ...behind: RequestHandler[]): Express {
    const app = (express as unknown as () => Express)();
    const defaults = { auditLog: false, rateLimit: false, oauthGuard: false } as const;
    app.use(sessions(), secureApi({ ...defaults, ...options }) as RequestHandler, ...behind);
    app.get("/admin", requireRole("admin"), (_req, res) => void res.json({ ok: true }));
    app.get("/account", authorize(authenticated()), (_req, res) => void res.json({ ok: true }));
    app.all(/^/, (req, res) => void res.json({ caller: getPrincipal(req)?.subject ?? null }));
    app.use(((error, _req, res, _next) => {
      res.status(500).json({ failed: String(error) });
    }) as ErrorRequestHandler);
    return app;
  }

  const asUser = (sent: request.Test): request.Test => sent.set("X-Session-User", "ada");
  const withToken = (sent: request.Test): request.Test => sent.auth(token, { type: "bearer" });

  it("stands in the place of the guard: a single one", async () => {
    const app = appWith({ authenticate: session(users) });
    await asUser(request(app).get("/account")).expect(200);
    await asUser(request(app).get("/admin")).expect(403);
    await request(app).get("/account").expect(401);
    await request(app).get("/open").expect(200, { caller: null });
  });

  it("stands beside an optional guard: whoever speaks counts", async () => {
    const app = appWith({ oauthGuard: optional, authenticate: [session(users)] });
    await asUser(request(app).get("/")).expect(200, { caller: "ada" });
    await withToken(request(app).get("/")).expect(200, { caller: "token-user" });
    await request(app).get("/").expect(200, { caller: null });
    await request(app).get("/").set("Authorization", "Bearer nonsense").expect(401);
  });

  it("answers 400 when a token and a session both speak", async () => {
    const app = appWith({ oauthGuard: optional, authenticate: session(users) });
    const answer = await asUser(withToken(request(app).get("/"))).expect(400);
    expect(answer.body.code).toBe("invalid_request");
    expect(decisions.at(-1)).toMatchObject({
      guard: "session",
      outcome: "deny",
      reason: "conflicting_credentials",
    });
  });

  it("takes each entry of a list for a way of its own, also two of one kind", async () => {
    const list = [byField("X-Key"), session(users), byField("X-Gateway-User")];
    const app = appWith({ authenticate: list });
    for (const [name, value] of [
      ["X-Key", "robot"],
      ["X-Session-User", "ada"],
      ["X-Gateway-User", "grace"],
    ] as const) {
      await request(app).get("/").set(name, value).expect(200, { caller: value });
    }
    for (const both of [
      { "X-Key": "robot", "X-Gateway-User": "grace" },
      { "X-Key": "robot", "X-Session-User": "ada" },
      { "X-Session-User": "ada", "X-Gateway-User": "grace" },
    ]) {
      const answer = await request(app).get("/").set(both).expect(400);
      expect(answer.body.code).toBe("invalid_request");
    }
  });

  it("keeps the lists of two presets apart: of two that speak, none is believed", async () => {
    const off = { auditLog: false, rateLimit: false, oauthGuard: false } as const;
    const second = secureApi({ ...off, authenticate: byField("X-Key") });
    const app = appWith({ authenticate: session(users) }, second as unknown as RequestHandler);
    await asUser(request(app).get("/")).expect(200, { caller: "ada" });
    await request(app).get("/").set("X-Key", "robot").expect(200, { caller: "robot" });
    await asUser(request(app).get("/").set("X-Key", "robot")).expect(400);
  });

  it("keeps the list apart from a principalFrom behind the preset", async () => {
    const app = appWith(
      { authenticate: [byField("X-Key")] },
      byField("X-Late") as unknown as RequestHandler,
    );
    await request(app).get("/").set("X-Late", "late").expect(200, { caller: "late" });
    await request(app).get("/").set("X-Key", "robot").expect(200, { caller: "robot" });
    await request(app).get("/").set({ "X-Key": "robot", "X-Late": "late" }).expect(400);
  });

  it("asks behind the limits by address, and in front of those by principal", async () => {
    let asked = 0;
    const counted = session((given: { userId?: string }) => {
      asked += 1;
      return users(given);
    });
    const app = appWith({
      authenticate: counted,
      rateLimit: {
        policies: [
          { name: "address", limit: 5, window: "1h", key: "ip" },
          { name: "caller", limit: 1, window: "1h", key: "principal" },
        ],
      },
    });
    const statusOf = async (user: string): Promise<number> =>
      (await request(app).get("/").set("X-Session-User", user)).status;
    expect(await statusOf("ada")).toBe(200);
    expect(await statusOf("grace")).toBe(200);
    // What the limit of the caller refuses costs the address nothing.
    const third = await asUser(request(app).get("/")).expect(429);
    expect(third.body["violated-policies"]).toEqual(["caller"]);
    for (const user of ["u1", "u2", "u3"]) expect(await statusOf(user)).toBe(200);
    expect(asked).toBe(6);
    const spent = await asUser(request(app).get("/")).expect(429);
    expect(spent.body["violated-policies"]).toEqual(["address"]);
    expect(asked).toBe(6);
    expect(warned).not.toContain("EXPRESS_SECURE_API_LIMIT_BEHIND_REPORT");
  });

  it("does not ask on public routes, so no failure of the app breaks them", async () => {
    const failing = session(() => {
      throw new Error("the database is gone");
    });
    const app = appWith({ authenticate: failing, publicRoutes: ["GET /health"] });
    await asUser(request(app).get("/health")).expect(200, { caller: null });
    expect(decisions).toMatchObject([{ guard: "secureApi", reason: "public_route" }]);
    const answer = await request(app).get("/").expect(503);
    expect(answer.body.code).toBe("check_unavailable");
  });

  it.each(["behind", "in front of"])(
    "lets a public page name its caller by a session of its own, with what enrichPrincipal %s it adds",
    async (place) => {
      const adds = vi.fn(async () => ({ roles: ["admin"] }));
      const enriches = enrichPrincipal(adds) as RequestHandler;
      const preset = secureApi({
        auditLog: false,
        rateLimit: false,
        oauthGuard: false,
        authenticate: session(users),
        publicRoutes: ["GET /welcome"],
      }) as RequestHandler;
      const app = (express as unknown as () => Express)();
      app.use(sessions(), ...(place === "behind" ? [preset, enriches] : [enriches, preset]));
      app.get("/welcome", session(users) as RequestHandler, (req, res) => {
        res.json({ caller: getPrincipal(req)?.roles ?? null });
      });
      app.get("/admin", requireRole("admin"), (_req, res) => void res.json({ ok: true }));
      await asUser(request(app).get("/welcome")).expect(200, { caller: ["user", "admin"] });
      expect(adds).toHaveBeenCalledTimes(1);
      await request(app).get("/welcome").expect(200, { caller: null });
      await asUser(request(app).get("/admin")).expect(200);
      adds.mockRejectedValueOnce(new Error("the database is gone"));
      await asUser(request(app).get("/welcome")).expect(503);
    },
  );

  describe("turns the cross-origin guard on", () => {
    const foreign = {
      Cookie: "sid=1",
      Origin: "https://evil.example",
      "Sec-Fetch-Site": "cross-site",
    };
    const own = { Cookie: "sid=1", "Sec-Fetch-Site": "same-origin" };

    it.each([
      ["session", session(users), {}],
      ["principalFrom, which may read a session as well", byField("X-Key"), {}],
      ["session, with headers of the app's choice", session(users), { hsts: false }],
    ] as const)("for %s", async (_what, authenticate, secureHeaders) => {
      const app = appWith({ authenticate, secureHeaders });
      const answer = await asUser(request(app).post("/").set(foreign)).expect(403);
      expect(answer.body.code).toBe("cross_origin_blocked");
      await asUser(request(app).post("/").set(own)).expect(200);
      await asUser(request(app).get("/").set(foreign)).expect(200);
      await request(app).post("/").set("X-Key", "robot").expect(200);
    });

    it("for pages of listed origins only with credentials", async () => {
      const cors = { origins: ["https://app.example.com"], credentials: true } as const;
      const app = appWith({ authenticate: session(users), secureHeaders: { cors } });
      await request(app).post("/").set(foreign).expect(403);
      await request(app)
        .post("/")
        .set({ ...foreign, Origin: "https://app.example.com" })
        .expect(200);
    });

    it("unless the app says false", async () => {
      const secureHeaders = { crossOriginGuard: false } as const;
      const app = appWith({ authenticate: session(users), secureHeaders });
      await request(app).post("/").set(foreign).expect(200);
    });

    it("and leaves it off without authenticate", async () => {
      await request(appWith({})).post("/").set(foreign).expect(200);
      await request(appWith({ authenticate: false }))
        .post("/")
        .set(foreign)
        .expect(200);
    });

    it("in report mode as well, which records and lets pass", async () => {
      const app = appWith({ mode: "report", authenticate: session(users) });
      await request(app).post("/").set(foreign).expect(200);
      expect(decisions[0]).toMatchObject({
        guard: "secureHeaders",
        enforced: false,
        code: "cross_origin_blocked",
      });
    });
  });

  it("gives an entry the mode of the preset, unless it has its own", async () => {
    const failing = (mode?: "enforce" | "report") =>
      session(() => undefined as never, mode === undefined ? {} : { mode });
    const statusOf = async (app: Express): Promise<number> => (await request(app).get("/")).status;
    expect(await statusOf(appWith({ mode: "report", authenticate: failing() }))).toBe(200);
    expect(decisions).toMatchObject([{ guard: "session", outcome: "error", enforced: false }]);
    const secureHeaders = { mode: "enforce" } as const;
    const enforcing = appWith({
      mode: "report",
      secureHeaders,
      authenticate: failing("enforce"),
    });
    expect(await statusOf(enforcing)).toBe(503);
    expect(await statusOf(appWith({ authenticate: failing("report") }))).toBe(200);
    expect(await statusOf(appWith({ authenticate: failing() }))).toBe(503);
    const header = principalFrom.header({ name: "X-User", trustedPeers: ["127.0.0.1", "::1"] });
    const twice = (app: Express) => request(app).get("/").set("X-User", "a,b");
    await twice(appWith({ mode: "report", authenticate: header })).expect(200);
    await twice(appWith({ authenticate: header })).expect(400);
  });

  it("gives an entry the onDenied of the preset", async () => {
    const app = appWith({
      authenticate: [session(users), byField("X-Key")],
      onDenied: (_error, _req, res) => void res.redirect("/login"),
    });
    await asUser(request(app).get("/").set("X-Key", "robot")).expect(302);
  });

  it("warns when an enforcing limit by principal has only sources that report", async () => {
    const limit = { limit: 9, window: "1h", key: "principal" } as const;
    const report = session(users, { mode: "report" });
    await request(appWith({ authenticate: report, rateLimit: limit })).get("/");
    expect(warned).toContain("EXPRESS_SECURE_API_LIMIT_BEHIND_REPORT");
  });

  it("expects what makes sessions in front of it, and warns of other layers", async () => {
    await request(appWith({ authenticate: session(users) })).get("/");
    expect(warned).not.toContain("EXPRESS_SECURE_API_NOT_FIRST");
    await request(appWith({})).get("/");
    expect(warned).toContain("EXPRESS_SECURE_API_NOT_FIRST");
  });

  it("takes a guard of another package that is marked as one", async () => {
    const passport = markGuard(
      ((req, res, next) => {
        if (req.get("x-passport") === undefined) res.sendStatus(401);
        else next();
      }) as RequestHandler,
      { guard: "passport", kind: "authentication", mode: "enforce" },
    );
    const app = appWith({ authenticate: [passport as unknown as Middleware, byField("X-Key")] });
    await request(app).get("/").expect(401);
    await request(app)
      .get("/")
      .set({ "X-Passport": "1", "X-Key": "robot" })
      .expect(200, { caller: "robot" });
  });

  it("counts a principal of the list once: a nested preset asks the same ways again", async () => {
    const app = (express as unknown as () => Express)();
    const authenticate = [session(users), byField("X-Key")];
    const off = { auditLog: false, rateLimit: false, oauthGuard: false } as const;
    const preset = () => secureApi({ ...off, authenticate }) as RequestHandler;
    app.use(sessions(), preset(), preset());
    app.get("/", (req, res) => void res.json({ caller: getPrincipal(req)?.subject }));
    await asUser(request(app).get("/")).expect(200, { caller: "ada" });
    await request(app).get("/").set("X-Key", "robot").expect(200, { caller: "robot" });
  });
});

describe("secureApi's authenticate", () => {
  function problemsOf(options: object): readonly string[] {
    try {
      secureApi({ auditLog: false, rateLimit: false, oauthGuard: false, ...options } as never);
    } catch (error) {
      if (error instanceof OptionsError) return error.problems;
      throw error;
    }
    return [];
  }
  const EXAMPLE = "session((session) => …) or principalFrom((req) => …)";
  const middleware: RequestHandler = (_req, _res, next) => next();
  const byPrincipal = { rateLimit: { limit: 1, window: "1m", key: "principal" } };

  it.each<[string, unknown, string]>([
    ["undefined", undefined, "authenticate must not be undefined"],
    ["true", true, `authenticate must be ${EXAMPLE}, got true`],
    ["null", null, `authenticate must be ${EXAMPLE}, got null`],
    ["a name", "session", `authenticate must be ${EXAMPLE}, got a string of 7 characters`],
    ["options", { secret: "zq9SECRETzq9" }, `authenticate must be ${EXAMPLE}, got an object`],
    ["an empty list", [], `authenticate must be ${EXAMPLE} or a list of them, got an empty list`],
    ["undefined in a list", [undefined], `authenticate[0] must be ${EXAMPLE}, got undefined`],
    [
      "the middleware of express-session",
      middleware,
      "mount what makes sessions or sets req.user in front of secureApi, and write what names the caller here",
    ],
    [
      "a factory that was not called",
      session,
      "call it, as in session(({ userId }) => (userId ? { subject: userId } : null))",
    ],
    ["another one", principalFrom, "call it, as in principalFrom((req) =>"],
    [
      "the factory for header fields",
      principalFrom.header,
      "call it, as in principalFrom.header({ … })",
    ],
    [
      "the function alone",
      () => null,
      "write principalFrom(…) or session(…) around the function that names the caller",
    ],
    [
      "an oauthGuard",
      oauthGuard(issuer.options()),
      "write its options as oauthGuard: { issuer, audience, optional: true }",
    ],
    [
      "a guard that names nobody",
      requireRole("admin"),
      "mount requireRole behind secureApi, it does not say who calls",
    ],
    [
      "what adds to the caller",
      enrichPrincipal(() => null),
      "write enrich: async (principal) => …, it does not say who calls",
    ],
    [
      "a limiter",
      rateLimit({ limit: 1, window: "1m" }),
      "give its options as rateLimit: { … }, it",
    ],
    [
      "another preset",
      secureApi({ oauthGuard: false, rateLimit: false, auditLog: false }),
      "leave secureApi out and give its authenticate here",
    ],
  ])("must not be %s", (_what, authenticate, problem) => {
    const problems = problemsOf({ authenticate });
    expect(problems).toEqual([expect.stringContaining(problem)]);
    expect(problems[0]).not.toContain("zq9SECRETzq9");
  });

  it("must not name the same entry twice", () => {
    const one = session(users);
    expect(problemsOf({ authenticate: [one, one] })).toEqual([
      "secureApi.authenticate[1] must not repeat an earlier entry",
    ]);
  });

  it.each([issuer.options(), { ...issuer.options(), optional: false }])(
    "needs an optional guard beside it",
    (options) => {
      expect(problemsOf({ oauthGuard: options, authenticate: session(users) })).toEqual([
        expect.stringMatching(
          /^secureApi\.oauthGuard\.optional must be true beside authenticate, /,
        ),
      ]);
      expect(problemsOf({ oauthGuard: optional, authenticate: session(users) })).toEqual([]);
    },
  );

  it("needs secureHeaders beside it, in which the cross-origin guard stands", () => {
    expect(problemsOf({ authenticate: session(users), secureHeaders: false })).toEqual([
      expect.stringMatching(/^secureApi\.secureHeaders must not be false with authenticate: /),
    ]);
    expect(
      problemsOf({ authenticate: session(users), secureHeaders: { crossOriginGuard: undefined } }),
    ).toEqual([expect.stringContaining("secureHeaders.crossOriginGuard must not be undefined")]);
  });

  it("needs a cross-origin guard that enforces when it enforces itself", () => {
    const authenticate = session(users);
    const secureHeaders = { mode: "report" } as const;
    const problem = "secureApi.secureHeaders.mode must not only report beside an authenticate";
    for (const options of [
      { authenticate, secureHeaders },
      { authenticate: session(users, { mode: "enforce" }), mode: "report" },
    ]) {
      expect(problemsOf(options)).toEqual([expect.stringContaining(problem)]);
    }
    for (const options of [
      { authenticate, secureHeaders: { ...secureHeaders, crossOriginGuard: false } },
      { authenticate: session(users, { mode: "report" }), secureHeaders },
      { authenticate, mode: "report" },
      { secureHeaders },
    ]) {
      expect(problemsOf(options)).toEqual([]);
    }
  });

  it("is needed by a limit by principal without oauthGuard", () => {
    const problem =
      'secureApi.rateLimit must not have the key "principal" or "tenant" with oauthGuard: false';
    for (const authenticate of [{}, { authenticate: false }]) {
      const problems = problemsOf({ ...byPrincipal, ...authenticate });
      expect(problems).toEqual([expect.stringContaining(problem)]);
      expect(problems[0]).toContain("Write authenticate: session((session) => …)");
    }
    const marked = markGuard(() => undefined, {
      guard: "passport",
      kind: "authentication",
      mode: "enforce",
    });
    expect(problemsOf({ ...byPrincipal, authenticate: marked })).toEqual([
      expect.stringContaining(problem),
    ]);
    for (const authenticate of [session(users), [marked, byField("X-Key")]])
      expect(problemsOf({ ...byPrincipal, authenticate })).toEqual([]);
    // The other problem says it all.
    expect(problemsOf({ ...byPrincipal, authenticate: [middleware] })).toHaveLength(1);
  });

  it("is needed by a key function that asks after authentication, too", () => {
    const rateLimit = { limit: 1, window: "1m", key: () => "k", phase: "after-auth" } as const;
    expect(problemsOf({ authenticate: false, rateLimit })).toEqual([
      expect.stringContaining(
        'secureApi.rateLimit.phase must not be "after-auth" with oauthGuard: false and without',
      ),
    ]);
    expect(problemsOf({ authenticate: session(() => null), rateLimit })).toEqual([]);
  });

  it("lets public routes be named without oauthGuard", () => {
    expect(problemsOf({ authenticate: session(users), publicRoutes: ["GET /health"] })).toEqual([]);
    expect(problemsOf({ publicRoutes: ["GET /health"] })).toHaveLength(1);
  });

  it("shows its entries to the route audit", () => {
    const preset = secureApi({
      auditLog: false,
      rateLimit: false,
      oauthGuard: false,
      mode: "report",
      authenticate: session(users),
    });
    expect(guardMark(preset)?.parts).toContainEqual({
      guard: "session",
      kind: "authentication",
      mode: "report",
      optional: true,
    });
  });

  it("says to the route audit where its guards do not run", () => {
    const preset = secureApi({
      auditLog: false,
      rateLimit: { limit: 10, window: "1m" },
      oauthGuard: false,
      authenticate: session(users),
      publicRoutes: ["GET /health", "/docs/*"],
    });
    const parts = guardMark(preset)?.parts ?? [];
    expect(
      parts.filter(({ except }) => except).map(({ guard, except }) => [guard, except]),
    ).toEqual([["session", ["GET /health", "/docs/*"]]]);
    expect(parts).toHaveLength(4);
  });
});
