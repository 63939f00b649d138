import type { ErrorRequestHandler, Express, Request, RequestHandler } from "express";
import request from "supertest";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { expressVersions } from "../../test/support/express.js";
import { authorize } from "../authorization/authorize.js";
import { authenticated } from "../authorization/rules/authenticated.js";
import { type Decision, decisionsOf } from "../core/decision/decision.js";
import { getPrincipal, type PrincipalInit } from "../core/principal/principal.js";
import { principalFrom } from "./principal-from.js";
import { session } from "./session.js";

interface UserSession {
  readonly userId?: string;
}

const named = ({ userId }: UserSession): PrincipalInit | null =>
  userId === undefined ? null : { subject: userId, roles: ["user"] };

describe.each(expressVersions)("session on Express %s", (_major, express) => {
  let decisions: readonly Decision[] = [];
  let warnings: (Error & { detail?: string })[] = [];
  let failure: unknown;
  const note = (warning: Error): void => void warnings.push(warning);

  beforeEach(() => {
    warnings = [];
    process.on("warning", note);
  });

  afterEach(() => {
    process.off("warning", note);
  });

  /** What a session middleware leaves on the request. */
  const leaves =
    (members: object): RequestHandler =>
    (req, _res, next) => {
      Object.assign(req, members);
      next();
    };

  function appWith(...handlers: RequestHandler[]): Express {
    failure = undefined;
    const app = (express as unknown as () => Express)();
    app.use((req, res, next) => {
      res.on("close", () => {
        decisions = decisionsOf(req);
      });
      next();
    });
    app.use(...handlers);
    app.get("/", (req, res) => void res.json(getPrincipal(req)));
    app.get("/account", authorize(authenticated()), (_req, res) => void res.json({ ok: true }));
    const lastResort: ErrorRequestHandler = (error, _req, res, _next) => {
      failure = error;
      res.status(500).json({ failed: true });
    };
    app.use(lastResort);
    return app;
  }

  it("names the caller of the session", async () => {
    const app = appWith(leaves({ session: { userId: "alice" } }), session(named));
    const { body } = await request(app).get("/").expect(200);
    expect(body).toMatchObject({ id: "alice", kind: "user", subject: "alice", roles: ["user"] });
    await request(app).get("/account").expect(200);
    expect(decisions).toMatchObject([
      { guard: "session", outcome: "allow", enforced: true, reason: "principal_found" },
      { guard: "authorize", outcome: "allow" },
    ]);
  });

  it("takes a session without a user for nobody", async () => {
    const app = appWith(leaves({ session: {} }), session(named));
    await request(app).get("/").expect(200, "null");
    expect(decisions).toMatchObject([{ guard: "session", reason: "no_principal" }]);
    await request(app).get("/account").expect(401);
  });

  it.each([
    ["null, as cookie-session ends one", { session: null }],
    ["none, as express-session ends one", { sessionStore: {} }],
  ])("takes an ended session for nobody, and does not ask: %s", async (_how, members) => {
    let asked = 0;
    const app = appWith(
      leaves(members),
      session(() => {
        asked += 1;
        return { subject: "alice" };
      }),
    );
    await request(app).get("/").expect(200, "null");
    expect(asked).toBe(0);
  });

  it("gives the function the session and the request, once", async () => {
    const own = { userId: "alice" };
    const seen: unknown[][] = [];
    const app = appWith(
      leaves({ session: own }),
      session((given: UserSession, req: Request) => {
        seen.push([given === own, req.path]);
        return named(given);
      }),
    );
    await request(app).get("/account").expect(200);
    expect(seen).toEqual([[true, "/account"]]);
  });

  it("waits for an async function", async () => {
    const app = appWith(
      leaves({ session: { userId: "alice" } }),
      session(async (given: UserSession) => {
        await new Promise((resolve) => setImmediate(resolve));
        return named(given);
      }),
    );
    await request(app).get("/account").expect(200);
  });

  it.each([
    ["nothing", {}],
    ["a text", { session: "alice" }],
    ["false", { session: false }],
  ])("answers 500 where a session should be and there is %s", async (_what, members) => {
    const app = appWith(leaves(members), session(named));
    const answer = await request(app).get("/").expect(500);
    expect(answer.body.code).toBe("internal_error");
    expect(failure).toBeUndefined();
    expect(decisions).toMatchObject([
      { guard: "session", outcome: "error", enforced: true, reason: "application_error" },
    ]);
    expect(warnings[0]?.message).toContain(
      "session found no req.session: mount express-session or cookie-session in front of it",
    );
  });

  it("answers 503 when the session cannot be read", async () => {
    const unreadable: RequestHandler = (req, _res, next) => {
      Object.defineProperty(req, "session", {
        get() {
          throw new Error("the store is gone");
        },
      });
      next();
    };
    const answer = await request(appWith(unreadable, session(named)))
      .get("/")
      .expect(503);
    expect(answer.body.code).toBe("check_unavailable");
    expect(failure).toBeUndefined();
  });

  it("changes and blocks nothing in report mode where no session middleware ran", async () => {
    const app = appWith(session(named, { mode: "report" }));
    await request(app).get("/").expect(200, "null");
    expect(decisions).toMatchObject([
      { guard: "session", outcome: "error", enforced: false, code: "internal_error", first: true },
    ]);
  });

  it("reads no item of a list that is too long", async () => {
    let reads = 0;
    const roles = new Proxy(Array.from({ length: 2001 }), {
      get(list, name) {
        if (typeof name === "string" && /^\d+$/.test(name)) reads += 1;
        return Reflect.get(list, name) as unknown;
      },
    });
    const app = appWith(
      leaves({ session: {} }),
      session(() => ({ subject: "alice", roles: roles as never })),
    );
    await request(app).get("/").expect(503);
    expect(reads).toBe(0);
  });

  it.each<[string, unknown, string]>([
    ["undefined", undefined, "session must return a plain object or null, got undefined"],
    [
      "a user with more members",
      { subject: "alice", password: "x" },
      "members of a principal only",
    ],
    ["a number as subject", { subject: 7 }, "session must return a non-empty string as subject"],
    [
      "a list of roles that is too long",
      { subject: "alice", roles: Array.from({ length: 2001 }, (_, n) => `r${n}`) },
      "session must return a list of at most 2,000 non-empty strings as roles",
    ],
  ])("answers 503 when the function returns %s", async (_what, result, message) => {
    const app = appWith(
      leaves({ session: {} }),
      session(() => result as never),
    );
    const answer = await request(app).get("/").expect(503);
    expect(answer.body.code).toBe("check_unavailable");
    expect(warnings.some(({ detail }) => detail?.includes(message))).toBe(true);
  });

  it("stays the caller when the session changes later in the request", async () => {
    const members = { session: { userId: "alice" } as { userId?: string } | null };
    const app = appWith(leaves(members), session(named), (req, _res, next) => {
      const own = (req as { session?: { userId?: string } | null }).session;
      if (own) own.userId = "mallory";
      (req as { session?: unknown }).session = null;
      next();
    });
    const { body } = await request(app).get("/").expect(200);
    expect(body.subject).toBe("alice");
  });

  it("and principalFrom beside it: whoever speaks counts, both speaking is 400", async () => {
    const key = principalFrom((req) => {
      const name = req.get("x-api-key");
      return name === undefined ? null : { subject: name };
    });
    for (const order of [0, 1]) {
      const sources = [session(named), key] as [RequestHandler, RequestHandler];
      if (order === 1) sources.reverse();
      const withUser = appWith(leaves({ session: { userId: "alice" } }), ...sources);
      expect((await request(withUser).get("/").expect(200)).body.subject).toBe("alice");
      const both = await request(withUser).get("/").set("X-Api-Key", "robot").expect(400);
      expect(both.body.code).toBe("invalid_request");
      const without = appWith(leaves({ session: {} }), ...sources);
      const alone = await request(without).get("/").set("X-Api-Key", "robot").expect(200);
      expect(alone.body.subject).toBe("robot");
    }
  });
});

describe("session", () => {
  it("carries the brand that the route audit reads", () => {
    const guard = session(() => null);
    expect(guard).toHaveProperty(
      "expressSecureApiGuard",
      '{"guard":"session","kind":"authentication","mode":"enforce","optional":true}',
    );
    expect(guard.name).toBe("sessionMiddleware");
    expect(guard).toHaveLength(3);
  });

  it.each<[string, unknown[], string]>([
    ["no function", [], "session.derive must be a function, got undefined"],
    [
      "the options of express-session",
      [{ secret: "keyboard cat" }],
      "session.derive must be a function, got an object: it names the caller of a session, which express-session or cookie-session makes in front of it",
    ],
    [
      "those options behind the function",
      [() => null, { secret: "keyboard cat", resave: false }],
      'session must not have an option "secret": express-session and cookie-session have this option',
    ],
    ["a wrong mode", [() => null, { mode: "off" }], "session.mode must be one of"],
    [
      "a wrong onDenied",
      [() => null, { onDenied: "redirect" }],
      'session.onDenied must be "respond"',
    ],
  ])("refuses %s at start-up", (_what, args, problem) => {
    const create = () => session(...(args as [() => null]));
    expect(create).toThrow(problem);
    expect(create).not.toThrow("keyboard cat");
  });
});
