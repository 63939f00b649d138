import type { ErrorRequestHandler, Express, Request, RequestHandler } from "express";
import request from "supertest";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { expressVersions } from "../../test/support/express.js";
import { not } from "../authorization/combinators/not.js";
import { authorize, requireRole } from "../authorization/index.js";
import { role } from "../authorization/rules/role.js";
import { type Decision, decisionsOf } from "../core/decision/decision.js";
import { pendingVerdicts } from "../core/decision/pending-verdict.js";
import { identifiedCaller } from "../core/principal/enrichment.js";
import { getPrincipal, type Principal, type PrincipalInit } from "../core/principal/principal.js";
import { type EnrichPrincipalOptions, enrichPrincipal } from "./enrich-principal.js";
import type { PrincipalEnrichment } from "./parse-enrichment.js";
import { principalFrom } from "./principal-from.js";

type Found = PrincipalEnrichment | null | Promise<PrincipalEnrichment | null>;

const alice: PrincipalInit = {
  subject: "alice",
  issuer: "https://idp.example",
  roles: ["user"],
  permissions: ["read"],
  groups: ["staff"],
  scopes: ["orders"],
  claims: { plan: "free" },
};

/** The caller that the fields name. */
const caller = (init: PrincipalInit = alice): RequestHandler =>
  principalFrom((req) =>
    req.get("x-nobody") === undefined
      ? { ...init, ...(req.get("x-user") && { subject: String(req.get("x-user")) }) }
      : null,
  ) as unknown as RequestHandler;

const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const boom = (): never => {
  throw new Error("the database is gone");
};

describe.each(expressVersions)("enrichPrincipal on Express %s", (_major, express) => {
  let last: Request;
  let decisions: readonly Decision[] = [];
  let warnings: (Error & { detail?: string })[] = [];
  const note = (warning: Error): void => void warnings.push(warning);

  beforeEach(() => {
    warnings = [];
    process.on("warning", note);
  });

  afterEach(() => {
    process.off("warning", note);
    vi.useRealTimers();
  });

  function appWith(...handlers: unknown[]): Express {
    const app = (express as unknown as () => Express)();
    app.use((req, _res, next) => {
      last = req;
      decisions = decisionsOf(req);
      next();
    });
    app.use(...(handlers as RequestHandler[]));
    app.get("/", (req, res) => void res.json(getPrincipal(req)));
    app.get("/admin", requireRole("admin"), (_req, res) => void res.json({ reached: true }));
    return app;
  }

  const adding = (found: Found, options?: EnrichPrincipalOptions): RequestHandler =>
    enrichPrincipal(() => found, options) as unknown as RequestHandler;

  it("adds what the function returns to the principal, and keeps who it is", async () => {
    const found = { roles: ["admin", "user"], permissions: ["write"], groups: [], tenant: "acme" };
    const app = appWith(caller(), adding(Promise.resolve(found)));
    const { body } = await request(app).get("/").expect(200);
    expect(body).toEqual({
      id: "https://idp.example alice",
      kind: "user",
      subject: "alice",
      issuer: "https://idp.example",
      tenant: "acme",
      roles: ["user", "admin"],
      permissions: ["read", "write"],
      groups: ["staff"],
      scopes: ["orders"],
      undetermined: [],
      amr: [],
      claims: { plan: "free" },
    });
    await request(app).get("/admin").expect(200);
    expect(decisions).toMatchObject([
      { guard: "principalFrom" },
      { guard: "enrichPrincipal", outcome: "allow", enforced: true, reason: "principal_enriched" },
      { guard: "requireRole", outcome: "allow" },
    ]);
  });

  it("puts what the function returns in the place of what replace names", async () => {
    const found = { roles: ["admin"], permissions: ["write"], tenant: null };
    const replace = ["roles", "tenant"] as const;
    const app = appWith(caller({ ...alice, tenant: "old" }), adding(found, { replace }));
    const { body } = await request(app).get("/").expect(200);
    expect(body.roles).toEqual(["admin"]);
    expect(body.permissions).toEqual(["read", "write"]);
    expect(body.tenant).toBeUndefined();
  });

  it("determines what it replaces, and nothing that it adds to", async () => {
    const undetermined = ["roles", "scopes", "permissions"] as const;
    const found = { roles: ["admin"], permissions: ["write"] };
    const app = appWith(caller({ ...alice, undetermined }), adding(found, { replace: "roles" }));
    const { body } = await request(app).get("/").expect(200);
    expect(body.undetermined).toEqual(["scopes", "permissions"]);
    const all = adding(found, { replace: ["roles", "permissions"] });
    const second = appWith(caller({ ...alice, undetermined: ["roles"] }), all);
    expect((await request(second).get("/").expect(200)).body.undetermined).toEqual([]);
  });

  it("hands on a frozen copy", async () => {
    const found = { roles: ["viewer"] };
    let seen: Principal | null = null;
    const app = appWith(caller(), adding(found), ((req, _res, next) => {
      found.roles.push("admin");
      seen = getPrincipal(req);
      next();
    }) as RequestHandler);
    await request(app).get("/admin").expect(403);
    expect(Object.isFrozen(seen)).toBe(true);
    expect(Object.isFrozen((seen as unknown as Principal).roles)).toBe(true);
  });

  it("asks once per request, with the principal and the request, also when mounted twice", async () => {
    const seen: unknown[] = [];
    const once = enrichPrincipal(async (principal, req) => {
      seen.push([principal.subject, req.path]);
      return { roles: ["admin"] };
    });
    await request(appWith(caller(), once, once))
      .get("/admin")
      .expect(200);
    expect(seen).toEqual([["alice", "/admin"]]);
  });

  it("adds what several of them find, one after the other", async () => {
    const second = enrichPrincipal(({ roles }) => ({ groups: roles.map((name) => `g-${name}`) }));
    const app = appWith(caller(), adding({ roles: ["admin"] }), second);
    const { body } = await request(app).get("/").expect(200);
    expect(body.groups).toEqual(["staff", "g-user", "g-admin"]);
  });

  it.each<[string, RequestHandler]>([
    ["nobody", principalFrom(() => null) as unknown as RequestHandler],
    ["an anonymous principal", caller({ kind: "anonymous" })],
  ])("does not ask about %s", async (_who, source) => {
    const asked = vi.fn(() => ({ roles: ["admin"] }));
    const app = appWith(source, enrichPrincipal(asked));
    const nobody = { "X-Nobody": "1" };
    await request(app)
      .get("/")
      .set(source.length === 3 ? {} : nobody)
      .expect(200);
    expect(asked).not.toHaveBeenCalled();
    expect(decisions.at(-1)).toMatchObject({ guard: "enrichPrincipal", reason: "no_principal" });
    await request(app).get("/admin").expect(401);
  });

  it("takes null for an account that is gone: 401, and nobody calls", async () => {
    const app = appWith(caller(), adding(Promise.resolve(null)));
    const answer = await request(app).get("/").expect(401);
    expect(answer.body.code).toBe("authentication_required");
    expect(answer.headers["www-authenticate"]).toBe('Bearer realm="api"');
    expect(decisions.at(-1)).toMatchObject({
      guard: "enrichPrincipal",
      outcome: "deny",
      reason: "account_gone",
    });
    expect(getPrincipal(last)).toBeNull();
    expect(identifiedCaller(last)?.subject).toBe("alice");
  });

  const many = Array.from({ length: 2001 }, (_, n) => `r${n}`);
  it.each<[string, unknown, string]>([
    ["undefined", undefined, "must return a plain object or null, got undefined"],
    ["true", true, "must return a plain object or null, got boolean"],
    ["a list", ["admin"], "must return a plain object or null, got object"],
    ["a row of a class", new (class Row {})(), "must return a plain object or null, got object"],
    ["nothing at all", {}, "must return at least one of roles, permissions, groups, tenant"],
    ["an unknown member", { role: ["a"] }, "must return roles, permissions, groups, tenant only"],
    ["scopes", { roles: [], scopes: ["x"] }, "must return roles, permissions, groups, tenant only"],
    ["another subject", { subject: "x" }, "must return roles, permissions, groups, tenant only"],
    [
      "an own __proto__",
      JSON.parse('{"roles":[],"__proto__":{"roles":["admin"]}}'),
      "must return roles, permissions, groups, tenant only",
    ],
    ["a column that was not read", { roles: undefined }, "as roles, got undefined"],
    ["one role without a list", { roles: "admin" }, "as roles, got a string of 5 characters"],
    ["a role that is a row", { roles: [{ name: "admin" }] }, "as roles, got a list of 1"],
    ["a list with a hole", { roles: Array(1) }, "as roles, got a list of 1"],
    ["too many roles", { roles: many }, "must return a list of at most 2,000 non-empty strings"],
    ["a number as tenant", { tenant: 7 }, "must return a non-empty string or null as tenant"],
    ["an empty tenant", { tenant: "" }, "must return a non-empty string or null as tenant"],
    ["a promise of undefined", Promise.resolve(), "must return a plain object or null"],
  ])("answers 503 when the function returns %s", async (_what, found, message) => {
    const app = appWith(caller(), adding(found as never));
    const answer = await request(app).get("/").expect(503).expect("Retry-After", "5");
    expect(answer.body.code).toBe("check_unavailable");
    expect(warnings.some(({ detail }) => detail?.includes(message))).toBe(true);
    expect(decisions.at(-1)).toMatchObject({ outcome: "error", reason: "wrong_return" });
    expect(getPrincipal(last)).toBeNull();
  });

  it.each<[string, object, EnrichPrincipalOptions, string]>([
    ["a second tenant", { tenant: "b" }, {}, "must not return a second tenant"],
    ["nothing for what it replaces", { tenant: "a" }, { replace: "roles" }, "must return roles"],
  ])("answers 503 when the function returns %s", async (_what, found, options, message) => {
    const app = appWith(caller({ ...alice, tenant: "a" }), adding(found, options));
    await request(app).get("/").expect(503);
    expect(warnings.some(({ detail }) => detail?.includes(message))).toBe(true);
    expect(getPrincipal(last)).toBeNull();
  });

  it.each<[string, () => Found]>([
    ["throws", boom],
    ["is rejected", () => Promise.reject(new Error("the database is gone"))],
  ])("never shows the principal without its roles when the function %s", async (_how, fail) => {
    const seen: unknown[] = [];
    const careless: ErrorRequestHandler = (_error, req, _res, next) => {
      seen.push(getPrincipal(req));
      next();
    };
    const look: RequestHandler = (req, _res, next) => {
      seen.push(getPrincipal(req));
      next();
    };
    const failing = enrichPrincipal(fail, { onDenied: "next" });
    const app = appWith(caller(), failing, careless, look);
    app.get("/late", authorize(not(role("suspended"))), (_req, res) => void res.send("reached"));
    app.use(careless, look);
    const answer = await request(app).get("/late").expect(503);
    expect(answer.body.code).toBe("check_unavailable");
    expect(new Set(seen)).toEqual(new Set([null]));
    expect(identifiedCaller(last)?.subject).toBe("alice");
  });

  it("shows nobody the principal while the function is asked", async () => {
    let release: (found: PrincipalEnrichment) => void = () => undefined;
    const waiting = new Promise<PrincipalEnrichment>((resolve) => {
      release = resolve;
    });
    const asked = vi.fn(() => waiting);
    const answer = request(appWith(caller(), enrichPrincipal(asked)))
      .get("/admin")
      .then(({ status }) => status);
    await vi.waitFor(() => expect(asked).toHaveBeenCalled());
    expect(getPrincipal(last)).toBeNull();
    expect(identifiedCaller(last)?.subject).toBe("alice");
    release({ roles: ["admin"] });
    expect(await answer).toBe(200);
    expect(getPrincipal(last)?.roles).toEqual(["user", "admin"]);
  });

  it("shows the function itself nobody by getPrincipal, before and after it waits", async () => {
    const seen: unknown[] = [];
    const app = appWith(
      caller(),
      enrichPrincipal(async (_who, req) => {
        seen.push(getPrincipal(req));
        await tick();
        seen.push(getPrincipal(req));
        return { roles: ["admin"] };
      }),
      enrichPrincipal((_who, req) => {
        seen.push(getPrincipal(req));
        return { roles: ["editor"] };
      }),
    );
    const { body } = await request(app).get("/").expect(200);
    expect(seen).toEqual([null, null, null]);
    expect(body.roles).toEqual(["user", "admin", "editor"]);
  });

  it("answers 500 when somebody else is named behind it", async () => {
    const app = appWith(caller(), adding({ roles: ["suspended"] }), caller());
    const answer = await request(app).get("/").expect(500);
    expect(answer.body.code).toBe("internal_error");
    expect(decisions.at(-1)).toMatchObject({ guard: "principalFrom", outcome: "error" });
    expect(warnings[0]?.message).toContain("enrichPrincipal has added something to one caller");
    await request(app).get("/").set("X-Nobody", "1").expect(200, "null");
  });

  describe("where the caller is named behind it", () => {
    const suspended = { roles: ["suspended"] };

    it.each([
      ["at once", () => suspended],
      ["later", async () => suspended],
    ])("adds to it %s, before the request goes on", async (_when, look) => {
      const asked = vi.fn(look);
      const both = [enrichPrincipal(asked), adding(Promise.resolve({ groups: ["late"] }))];
      const app = appWith(both[0], both, caller(), both);
      app.get("/open", authorize(not(role("suspended"))), (_req, res) => void res.send("reached"));
      const { body } = await request(app).get("/").expect(200);
      expect(body).toMatchObject({ roles: ["user", "suspended"], groups: ["staff", "late"] });
      expect(asked).toHaveBeenCalledTimes(1);
      expect(decisions.map(({ guard, reason }) => `${guard}:${reason}`)).toEqual([
        ...Array(3).fill("enrichPrincipal:no_principal"),
        "principalFrom:principal_found",
        ...Array(2).fill("enrichPrincipal:principal_enriched"),
      ]);
      await request(app).get("/open").expect(403);
      await request(app).get("/").set("X-Nobody", "1").expect(200, "null");
    });

    it.each<[string, () => Found, number]>([
      ["a failure", boom, 503],
      ["a rejection", () => Promise.reject(new Error("gone")), 503],
      ["an account that is gone", () => null, 401],
    ])("refuses after %s, and nobody calls", async (_what, fail, status) => {
      const app = appWith(enrichPrincipal(fail), caller());
      await request(app).get("/").expect(status);
      expect(getPrincipal(last)).toBeNull();
      expect(identifiedCaller(last)?.subject).toBe("alice");
      await request(app).get("/").set("X-Nobody", "1").expect(200, "null");
    });

    it("asks about nobody who is anonymous, and about who comes after that", async () => {
      const app = appWith(adding(suspended), caller({ kind: "anonymous" }));
      app.use("/named", caller());
      app.get("/named", (req, res) => void res.json(getPrincipal(req)));
      const { body } = await request(app).get("/").expect(200);
      expect(body.roles).toEqual([]);
      const named = await request(app).get("/named").expect(200);
      expect(named.body.roles).toEqual(["user", "suspended"]);
    });

    it("shows the function the parameters of its own place", async () => {
      const app = appWith((_req: Request, _res: unknown, next: () => void) => next());
      const owner = enrichPrincipal((_who, { params, url }) => ({
        roles: [`${params["id"]}${url}`],
      }));
      app.use("/orders/:id", owner as unknown as RequestHandler);
      app.get("/orders/:number/items", caller(), (req, res) => {
        res.json({ ...req.params, url: req.url, roles: getPrincipal(req)?.roles });
      });
      const { body } = await request(app).get("/orders/7/items").expect(200);
      expect(body).toEqual({ number: "7", url: "/orders/7/items", roles: ["user", "7/items"] });
    });

    it("in report mode shows guards in that mode what it found", async () => {
      const report = { mode: "report" } as const;
      const app = appWith(
        adding(
          tick().then(() => suspended),
          report,
        ),
        caller(),
        requireRole("suspended", report),
      );
      const { body } = await request(app).get("/").expect(200);
      expect(body.roles).toEqual(["user"]);
      await pendingVerdicts(last);
      expect(decisions.at(-1)).toMatchObject({ guard: "requireRole", outcome: "allow" });
      const enforcing = appWith(adding(suspended, report), caller(), adding({ groups: ["new"] }));
      const answer = await request(enforcing).get("/").expect(200);
      expect(answer.body).toMatchObject({ roles: ["user"], groups: ["staff", "new"] });
    });
  });

  describe("with a cache", () => {
    function counting(found: (principal: Principal) => Found, cache: object = { time: "30s" }) {
      const asked = vi.fn(found);
      const app = appWith(caller(), enrichPrincipal(asked, { cache: cache as { time: string } }));
      const statusOf = async (user: string): Promise<number> =>
        (await request(app).get("/admin").set("X-User", user)).status;
      return { asked, app, statusOf };
    }
    const admin = (): Found => Promise.resolve({ roles: ["admin"] });

    it("asks again when the time is over", async () => {
      vi.useFakeTimers({ toFake: ["performance"] });
      const { asked, statusOf } = counting(admin);
      for (let n = 0; n < 3; n += 1) expect(await statusOf("ada")).toBe(200);
      expect(asked).toHaveBeenCalledTimes(1);
      vi.advanceTimersByTime(29_999);
      await statusOf("ada");
      expect(asked).toHaveBeenCalledTimes(1);
      vi.advanceTimersByTime(1);
      await statusOf("ada");
      expect(asked).toHaveBeenCalledTimes(2);
    });

    it("remembers what a synchronous function returned, too", async () => {
      const { asked, statusOf } = counting(() => ({ roles: ["admin"] }));
      for (let n = 0; n < 3; n += 1) expect(await statusOf("ada")).toBe(200);
      expect(asked).toHaveBeenCalledTimes(1);
    });

    it("tells callers apart, those of one name included", async () => {
      const asked = vi.fn(({ issuer, clientId, tenant, kind }: Principal) => ({
        roles: [`${issuer}/${clientId}/${tenant}/${kind}`],
      }));
      let init: PrincipalInit = {};
      const source = principalFrom(() => init);
      const app = appWith(source, enrichPrincipal(asked, { cache: { time: "30s" } }));
      const variants: readonly PrincipalInit[] = [
        { subject: "a" },
        { subject: "a", issuer: "https://one.example" },
        { subject: "a", issuer: "https://two.example" },
        { subject: "a", clientId: "app" },
        { subject: "a", tenant: "acme" },
        { subject: "a", tenant: "other" },
        { subject: "a", kind: "service" },
        { clientId: "a" },
      ];
      for (let round = 0; round < 2; round += 1) {
        for (const variant of variants) {
          init = variant;
          const { body } = await request(app).get("/").expect(200);
          const { issuer, clientId, tenant, kind = "user" } = variant;
          expect(body.roles).toEqual([`${issuer}/${clientId}/${tenant}/${kind}`]);
        }
      }
      expect(asked).toHaveBeenCalledTimes(variants.length);
    });

    it("shares one call among the requests that come while it is asked", async () => {
      let release: (found: PrincipalEnrichment) => void = () => undefined;
      const waiting = new Promise<PrincipalEnrichment>((resolve) => {
        release = resolve;
      });
      const { asked, statusOf } = counting(() => waiting);
      const answers = [statusOf("ada"), statusOf("ada"), statusOf("ada")];
      await vi.waitFor(() => expect(asked).toHaveBeenCalled());
      await tick();
      release({ roles: ["admin"] });
      expect(await Promise.all(answers)).toEqual([200, 200, 200]);
      expect(asked).toHaveBeenCalledTimes(1);
    });

    it.each<[string, () => Found, number]>([
      ["a rejection", () => Promise.reject(new Error("gone")), 503],
      ["a throw", boom, 503],
      ["a wrong result", () => Promise.resolve({ role: "x" } as never), 503],
      ["an account that is gone", () => Promise.resolve(null), 401],
      ["an account that is gone, at once", () => null, 401],
    ])("does not remember %s", async (_what, fail, status) => {
      let found: () => Found = fail;
      const { asked, statusOf } = counting(() => found());
      expect(await statusOf("ada")).toBe(status);
      expect(await statusOf("ada")).toBe(status);
      found = admin;
      expect(await statusOf("ada")).toBe(200);
      expect(await statusOf("ada")).toBe(200);
      expect(asked).toHaveBeenCalledTimes(3);
    });

    it("forgets who was not seen for longest when it is full", async () => {
      const { asked, statusOf } = counting(admin, { time: "30s", size: 2 });
      for (const user of ["a", "b", "a", "c", "a"]) await statusOf(user);
      expect(asked).toHaveBeenCalledTimes(3);
      await statusOf("b");
      expect(asked).toHaveBeenCalledTimes(4);
    });

    it("shares no call any more when the time of its answer is over", async () => {
      vi.useFakeTimers({ toFake: ["performance"] });
      const releases: ((found: PrincipalEnrichment) => void)[] = [];
      const { asked, statusOf } = counting(
        () => new Promise<PrincipalEnrichment>((resolve) => releases.push(resolve)),
        { time: "1s" },
      );
      const first = statusOf("ada");
      await vi.waitFor(() => expect(asked).toHaveBeenCalledTimes(1));
      vi.advanceTimersByTime(1000);
      const second = statusOf("ada");
      await vi.waitFor(() => expect(asked).toHaveBeenCalledTimes(2));
      releases[1]?.({ roles: [] });
      expect(await second).toBe(403);
      releases[0]?.({ roles: ["admin"] });
      expect(await first).toBe(200);
      // The late answer does not replace the one that was asked for after it.
      expect(await statusOf("ada")).toBe(403);
      expect(asked).toHaveBeenCalledTimes(2);
    });

    it("remembers a caller also when another one is asked about", async () => {
      let release: (found: PrincipalEnrichment) => void = () => undefined;
      const slow = new Promise<PrincipalEnrichment>((resolve) => {
        release = resolve;
      });
      const { asked, statusOf } = counting(({ subject }) => (subject === "slow" ? slow : admin()), {
        time: "1h",
        size: 1,
      });
      const waiting = statusOf("slow");
      await vi.waitFor(() => expect(asked).toHaveBeenCalledTimes(1));
      for (let n = 0; n < 3; n += 1) expect(await statusOf("ada")).toBe(200);
      expect(asked).toHaveBeenCalledTimes(2);
      release({ roles: ["admin"] });
      expect(await waiting).toBe(200);
    });
  });

  describe("in report mode", () => {
    const report = { mode: "report" } as const;

    it("waits for nothing, and only guards in report mode see what it found", async () => {
      let release: (found: PrincipalEnrichment) => void = () => undefined;
      const waiting = new Promise<PrincipalEnrichment>((resolve) => {
        release = resolve;
      });
      const app = appWith(
        caller(),
        adding(waiting, { ...report, replace: "roles" }),
        requireRole("admin", report),
        requireRole("user", report),
        requireRole("user"),
      );
      const { body } = await request(app).get("/").expect(200);
      expect(body.roles).toEqual(["user"]);
      release({ roles: ["admin"] });
      await pendingVerdicts(last);
      expect(decisions).toMatchObject([
        { guard: "principalFrom" },
        { guard: "requireRole", outcome: "allow", enforced: true },
        { guard: "enrichPrincipal", outcome: "allow", enforced: false },
        { guard: "requireRole", outcome: "allow", enforced: false, rule: "role(admin)" },
        { guard: "requireRole", outcome: "deny", enforced: false, rule: "role(user)", first: true },
      ]);
      expect(getPrincipal(last)?.roles).toEqual(["user"]);
    });

    it("works behind a caller that is not known yet either", async () => {
      const later = principalFrom(
        async () => {
          await tick();
          return alice;
        },
        { mode: "report" },
      );
      const asked = vi.fn(async () => ({ roles: ["admin"] }));
      const guard = enrichPrincipal(asked, report);
      const app = appWith(later, guard, guard, requireRole("admin", report));
      await request(app).get("/").expect(200);
      await pendingVerdicts(last);
      expect(decisions.map(({ guard, outcome }) => `${guard}:${outcome}`)).toEqual([
        "principalFrom:allow",
        "enrichPrincipal:allow",
        "requireRole:allow",
      ]);
      expect(asked).toHaveBeenCalledTimes(1);
    });

    it("shows the function the address and the parameters of its own place, also when it asks late", async () => {
      const seen: unknown[] = [];
      const late = adding(
        tick().then(() => ({ roles: ["member"] })),
        report,
      );
      const app = appWith(caller(), late);
      const look = (_who: Principal, { params, url, baseUrl }: Request): Found => {
        seen.push({ ...params, url, baseUrl });
        return { roles: ["owner"] };
      };
      app.use("/orders/:id", enrichPrincipal(look, report) as unknown as RequestHandler);
      app.get("/orders/:number/items", (req, res) => {
        res.on("finish", () => seen.push({ ...req.params, url: req.url, baseUrl: req.baseUrl }));
        setTimeout(() => res.json(req.params), 20);
      });
      const { body } = await request(app).get("/orders/7/items?a=b").expect(200);
      await pendingVerdicts(last);
      expect(body).toEqual({ number: "7" });
      expect(seen).toEqual([
        { id: "7", url: "/items?a=b", baseUrl: "/orders/7" },
        { number: "7", url: "/orders/7/items?a=b", baseUrl: "" },
      ]);
    });

    it.each<[string, () => Found, string]>([
      ["a failure", boom, "check_unavailable"],
      ["a rejection", () => Promise.reject(new Error("gone")), "check_unavailable"],
      ["an account that is gone", () => null, "authentication_required"],
    ])("records %s, and the request goes on as it was", async (_what, fail, code) => {
      const app = appWith(caller(), enrichPrincipal(fail, report));
      const { body } = await request(app).get("/").expect(200);
      expect(body.roles).toEqual(["user"]);
      await pendingVerdicts(last);
      expect(decisions[1]).toMatchObject({ guard: "enrichPrincipal", enforced: false, code });
    });
  });
});

describe("enrichPrincipal", () => {
  it("carries a brand of a kind of its own: it authenticates nobody", () => {
    const guard = enrichPrincipal(() => null);
    expect(guard).toHaveProperty(
      "expressSecureApiGuard",
      '{"guard":"enrichPrincipal","kind":"enrichment","mode":"enforce"}',
    );
    expect(guard).toHaveLength(3);
  });

  it.each<[string, unknown[], string]>([
    ["no function", [], "enrichPrincipal.lookUp must be a function, got undefined"],
    ["an unset replace", [() => null, { replace: undefined }], "replace must not be undefined"],
    ["an empty replace", [() => null, { replace: [] }], "got an empty list"],
    ["an unknown member to replace", [() => null, { replace: "scopes" }], "must be one of roles"],
    ["true as cache", [() => null, { cache: true }], 'got true: write { time: "30s" }'],
    ["a cache without a time", [() => null, { cache: {} }], "cache.time must be a duration"],
    ["a number as time", [() => null, { cache: { time: 30 } }], "cache.time must be a duration"],
    ["a day as time", [() => null, { cache: { time: "1d" } }], "cache.time must be a duration"],
    [
      "no room",
      [() => null, { cache: { time: "1m", size: 0 } }],
      "cache.size must be a whole number",
    ],
    [
      "NaN as size",
      [() => null, { cache: { time: "1m", size: Number.NaN } }],
      "cache.size must be",
    ],
    ["a ttl", [() => null, { cache: { ttl: "1m" } }], 'did you mean "time"?'],
    ["an unknown option", [() => null, { lists: "add" }], 'must not have an option "lists"'],
  ])("refuses %s at start-up", (_what, args, problem) => {
    expect(() => enrichPrincipal(...(args as [() => null]))).toThrow(problem);
  });
});
