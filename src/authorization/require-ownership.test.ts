import type { Express, RequestHandler } from "express";
import request from "supertest";
import { afterEach, describe, expect, it, vi } from "vitest";
import { expressVersions } from "../../test/support/express.js";
import { type Decision, decisionsOf } from "../core/decision/decision.js";
import {
  createPrincipal,
  type PrincipalInit,
  setPrincipalSource,
} from "../core/principal/principal.js";
import { authorize } from "./authorize.js";
import { all } from "./combinators/all.js";
import { any } from "./combinators/any.js";
import { not } from "./combinators/not.js";
import { ownParam } from "./own-param.js";
import { owner, sameTenant } from "./ownership/owner.js";
import { requireOwnership } from "./require-ownership.js";
import { requireStepUp } from "./require-step-up.js";
import type { Rule } from "./rule/rule.js";
import { authenticated } from "./rules/authenticated.js";
import { claim } from "./rules/claim.js";
import { role } from "./rules/role.js";
import { scope } from "./rules/scope.js";
import { stepUp } from "./rules/step-up.js";
import { when } from "./rules/when.js";

const ALICE = { subject: "alice" };
const ADMIN = { subject: "root", roles: ["admin"] };
const MINE = { id: "1", userId: "alice", orgId: "a" };
const THEIRS = { id: "2", userId: "bob", orgId: "b" };

describe.each(expressVersions)("on Express %s", (_major, express) => {
  let decisions: readonly Decision[] = [];
  afterEach(() => {
    vi.restoreAllMocks();
    vi.useRealTimers();
    decisions = [];
  });

  function appFor(init: PrincipalInit | null, ...guards: RequestHandler[]): Express {
    const app = express();
    app.use((req, res, next) => {
      setPrincipalSource(req, () => (init === null ? null : createPrincipal(init)));
      res.on("close", () => {
        decisions = decisionsOf(req);
      });
      next();
    });
    app.all("/orders/:id", ...guards, (_req, res) => void res.json({ reached: true }));
    return app;
  }

  /** The status for a caller and the object that is loaded. */
  async function answer(init: PrincipalInit | null, rule: Rule, object: unknown): Promise<number> {
    const guard = authorize(rule, { load: () => object as object });
    const { status } = await request(appFor(init, guard)).get("/orders/1");
    return status;
  }

  describe("owner", () => {
    it.each<[what: string, userId: unknown, status: number]>([
      ["the subject", "alice", 200],
      ["another one", "bob", 404],
      ["another letter case", "Alice", 404],
      ["white space around it", "alice ", 404],
      ["a part of it", "ali", 404],
      ["nobody", null, 404],
      ["nothing", undefined, 404],
      ["an empty text", "", 404],
      ["nobody at all", [], 404],
      ["a list with it", ["bob", "alice"], 200],
      ["a list without it", ["bob", null], 404],
      ["an object", { toString: () => "alice" }, 503],
      ["an object in a list", ["alice", {}], 503],
      ["a list in a list", [["alice"]], 503],
      ["true", true, 503],
    ])("compares exactly: %s", async (_what, userId, status) => {
      vi.spyOn(process, "emitWarning").mockReturnValue();
      expect(await answer(ALICE, owner("userId"), { userId })).toBe(status);
      expect(
        await answer(
          ALICE,
          owner((object) => object["userId"] as string),
          { userId },
        ),
      ).toBe(status);
      // What could not be found out opens nothing the other way round either.
      expect(await answer(ALICE, not(owner("userId")), { userId })).toBe(
        { 200: 404, 404: 200, 503: 503 }[status],
      );
    });

    it.each<[id: unknown, subject: string, status: number]>([
      [42, "42", 200],
      [42n, "42", 200],
      [2n ** 60n, "1152921504606846976", 200],
      [42, "042", 404],
      [42, "42.0", 404],
      [42, "0x2a", 404],
      [0, "0", 200],
      [-0, "-0", 404],
      [2 ** 53, "9007199254740992", 503],
      [1.5, "1.5", 503],
      [Number.NaN, "NaN", 503],
      [Number.POSITIVE_INFINITY, "Infinity", 503],
    ])("compares the number %s with %j by its digits", async (userId, subject, status) => {
      vi.spyOn(process, "emitWarning").mockReturnValue();
      expect(await answer({ subject }, owner("userId"), { userId })).toBe(status);
    });

    it("says in a warning how ids of other types are converted", async () => {
      const warn = vi.spyOn(process, "emitWarning").mockReturnValue();
      class ObjectId {
        toString(): string {
          return "alice";
        }
      }
      expect(await answer(ALICE, owner("userId"), { userId: new ObjectId() })).toBe(503);
      expect(warn).toHaveBeenCalledWith(
        'owner("userId") returned the wrong type. The request could not be checked.',
        expect.objectContaining({ detail: expect.stringContaining("String(object.userId)") }),
      );
      expect(decisions).toMatchObject([
        { code: "check_unavailable", reason: "wrong_return", rule: "owner(userId)" },
      ]);
      const converted = owner<{ userId: ObjectId }>(({ userId }) => String(userId));
      expect(await answer(ALICE, converted, { userId: new ObjectId() })).toBe(200);
    });

    it("gives what belongs to nobody to no caller without a subject", async () => {
      for (const userId of [undefined, null, "", "undefined", []])
        expect(
          await answer({ clientId: "job", kind: "service" }, owner("userId"), { userId }),
        ).toBe(403);
      expect(await answer({ clientId: "job" }, owner("userId"), { userId: "job" })).toBe(403);
    });

    it("reads members that the class of the object has, and none of Object.prototype", async () => {
      class Row {
        get userId(): string {
          return "alice";
        }
      }
      expect(await answer(ALICE, owner("userId"), new Row())).toBe(200);
      expect(await answer(ALICE, owner("userId"), Object.create({ userId: "alice" }))).toBe(200);
      const bare = Object.assign(Object.create(null), { userId: "alice" });
      expect(await answer(ALICE, owner("userId"), bare)).toBe(200);
      expect(await answer({ subject: "x" }, owner("constructor"), {})).toBe(404);
      Object.assign(Object.prototype, { userId: "alice" });
      try {
        expect(await answer(ALICE, owner("userId"), {})).toBe(404);
        expect(await answer(ALICE, owner("userId"), new (class {})())).toBe(404);
      } finally {
        Reflect.deleteProperty(Object.prototype, "userId");
      }
    });

    it("waits for a function, and refuses when it fails", async () => {
      vi.spyOn(process, "emitWarning").mockReturnValue();
      const found = owner(async () => ["alice"]);
      expect(await answer(ALICE, found, {})).toBe(200);
      expect(await answer({ subject: "eve" }, found, {})).toBe(404);
      const failing = owner(async () => {
        throw new Error("down");
      });
      expect(await answer(ALICE, failing, {})).toBe(503);
      expect(await answer(ALICE, not(failing), {})).toBe(503);
      expect(await answer(ADMIN, any(role("admin"), failing), {})).toBe(200);
    });
  });

  describe("sameTenant", () => {
    it("compares with the tenant of the caller, and needs one", async () => {
      const rule = sameTenant("orgId");
      expect(await answer({ subject: "alice", tenant: "a" }, rule, MINE)).toBe(200);
      expect(await answer({ subject: "alice", tenant: "a" }, rule, THEIRS)).toBe(404);
      expect(decisions).toMatchObject([{ reason: "other_tenant", rule: "sameTenant(orgId)" }]);
      expect(await answer({ subject: "a" }, rule, MINE)).toBe(403);
      expect(await answer({ subject: "a" }, rule, { orgId: undefined })).toBe(403);
      expect(await answer({ subject: "a", tenant: "a" }, rule, {})).toBe(404);
    });
  });

  describe("requireOwnership", () => {
    const store = new Map<string, typeof MINE>([
      ["1", MINE],
      ["2", THEIRS],
    ]);
    const load = vi.fn((req: { params: Record<string, unknown> }) =>
      store.get(String(req.params["id"])),
    );
    afterEach(() => load.mockClear());

    it("lets the owner pass, with the very object that was judged", async () => {
      const guard = requireOwnership({ load, owner: "userId", attach: "order" });
      const app = appFor(ALICE, guard, (req, res) => {
        res.json({ same: res.locals["order"] === MINE && guard.object(req) === MINE });
      });
      await request(app).get("/orders/1").expect(200, { same: true });
      expect(load).toHaveBeenCalledTimes(1);
      expect(decisions).toEqual([
        {
          guard: "requireOwnership",
          outcome: "allow",
          enforced: true,
          code: "ok",
          rule: "owner(userId)",
        },
      ]);
    });

    it.each([
      ["hide", 404, "not_found"],
      ["forbid", 403, "access_denied"],
    ] as const)(
      "answers in the same way whether the object is foreign or absent: %s",
      async (onDeny, status, code) => {
        for (const later of [false, true]) {
          const app = appFor(
            ALICE,
            requireOwnership({
              load: (req) => (later ? Promise.resolve(load(req)) : load(req)),
              owner: later ? async (order) => order.userId : "userId",
              onDeny,
            }),
          );
          const foreign = await request(app).get("/orders/2");
          expect(decisions).toMatchObject([{ reason: "not_owner", status, code }]);
          const absent = await request(app).get("/orders/3");
          expect(decisions).toMatchObject([{ reason: "no_object", status, code }]);
          expect(foreign.status).toBe(status);
          expect(foreign.body).toMatchObject({ status, code });
          expect(absent.body).toEqual(foreign.body);
          const { date: _a, ...fields } = foreign.headers;
          const { date: _b, ...same } = absent.headers;
          expect(same).toEqual(fields);
        }
      },
    );

    it("loads nothing for nobody", async () => {
      const guard = requireOwnership({ load, owner: "userId" });
      for (const nobody of [null, { kind: "anonymous", subject: "alice" } as const]) {
        const { status, body } = await request(appFor(nobody, guard)).get("/orders/1");
        expect([status, body.code]).toEqual([401, "authentication_required"]);
      }
      expect(load).not.toHaveBeenCalled();
    });

    it("lets pass whom another rule excepts, if there is an object", async () => {
      const guard = (onDeny: "hide" | "forbid") =>
        requireOwnership({ load, owner: "userId", orElse: role("admin"), onDeny });
      await request(appFor(ADMIN, guard("hide")))
        .get("/orders/2")
        .expect(200);
      expect(decisions).toMatchObject([{ rule: "any(role(admin), owner(userId))" }]);
      await request(appFor(ALICE, guard("hide")))
        .get("/orders/2")
        .expect(404);
      expect(decisions).toMatchObject([{ reason: "not_owner" }]);
      await request(appFor(ADMIN, guard("hide")))
        .get("/orders/3")
        .expect(404);
      // There is nothing to hide from whoever may see each object.
      await request(appFor(ADMIN, guard("forbid")))
        .get("/orders/3")
        .expect(404);
      await request(appFor(ALICE, guard("forbid")))
        .get("/orders/3")
        .expect(403);
    });

    it.each<[what: string, loaded: unknown, status: number]>([
      ["all own", [MINE, { ...MINE }], 200],
      ["one foreign", [MINE, THEIRS], 404],
      ["one foreign in front", [THEIRS, MINE], 404],
      ["one missing", [MINE, undefined], 404],
      ["one null", [MINE, null], 404],
      // biome-ignore lint/suspicious/noSparseArray: that is the case.
      ["a hole", [MINE, , MINE], 404],
      ["none", [], 404],
      ["texts", ["alice"], 503],
      ["a text", "alice", 503],
      ["false", false, 503],
      ["0", 0, 503],
    ])("looks at each object of a list: %s", async (_what, loaded, status) => {
      vi.spyOn(process, "emitWarning").mockReturnValue();
      for (const owning of ["userId", async (item: typeof MINE) => item.userId] as const) {
        const guard = requireOwnership({ load: () => loaded as (typeof MINE)[], owner: owning });
        await request(appFor(ALICE, guard)).get("/orders/1").expect(status);
      }
    });

    it("asks the rule about each object, so that not() means none of them", async () => {
      const list = [MINE, THEIRS];
      expect(await answer(ALICE, not(owner("userId")), list)).toBe(404);
      expect(await answer({ subject: "eve" }, not(owner("userId")), list)).toBe(200);
    });

    it.each([
      ["throws", () => Promise.reject(new Error("zq9SECRETzq9"))],
      [
        "rejects",
        () => {
          throw new Error("zq9SECRETzq9");
        },
      ],
    ])("refuses with 503 when load %s", async (_how, failing) => {
      const warn = vi.spyOn(process, "emitWarning").mockReturnValue();
      const guard = requireOwnership({
        load: failing as () => Promise<typeof MINE>,
        owner: "userId",
      });
      const { status, body, headers, text } = await request(appFor(ALICE, guard)).get("/orders/1");
      expect([status, body.code, headers["retry-after"]]).toEqual([503, "check_unavailable", "5"]);
      expect(text).not.toContain("zq9SECRETzq9");
      expect(decisions).toMatchObject([{ reason: "function_failed", rule: "owner(userId)" }]);
      expect(warn).toHaveBeenCalledTimes(1);
    });

    it("refuses with 503 when load takes longer than 5 seconds", async () => {
      vi.spyOn(process, "emitWarning").mockReturnValue();
      vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
      const guard = requireOwnership({
        load: () => {
          setImmediate(() => void vi.advanceTimersByTime(5000));
          return new Promise<typeof MINE>(() => undefined);
        },
        owner: "userId",
      });
      await request(appFor(ALICE, guard)).get("/orders/1").expect(503);
      expect(decisions).toMatchObject([{ reason: "function_timeout" }]);
    });

    it("changes nothing and waits for nothing in report mode", async () => {
      let release: (order: typeof MINE) => void = () => undefined;
      const guard = requireOwnership({
        load: () =>
          new Promise<typeof MINE>((resolve) => {
            release = resolve;
          }),
        owner: "userId",
        mode: "report",
      });
      const seen: unknown[] = [];
      const app = appFor(ALICE, guard, (req, res, next) => {
        seen.push({ ...res.locals });
        expect(() => guard.object(req)).toThrow("has nothing in report mode");
        res.on("finish", () => release(THEIRS));
        next();
      });
      await request(app).get("/orders/2").expect(200);
      expect(seen).toEqual([{}]);
    });

    it("records in report mode what would have been refused", async () => {
      const guard = requireOwnership({ load, owner: "userId", mode: "report" });
      await request(appFor(ALICE, guard)).get("/orders/2").expect(200);
      expect(decisions).toMatchObject([
        { enforced: false, outcome: "deny", code: "not_found", reason: "not_owner" },
      ]);
    });

    it("gives each guard its own object, and none to a route without it", async () => {
      const order = requireOwnership({ load: () => MINE, owner: "userId" });
      const account = requireOwnership({ load: () => ({ iban: "1", of: "alice" }), owner: "of" });
      const app = appFor(ALICE, order, account, (req, res) => {
        res.json([order.object(req), account.object(req)]);
      });
      await request(app)
        .get("/orders/1")
        .expect(200, [MINE, { iban: "1", of: "alice" }]);
      expect(() => order.object({})).toThrow("needs its guard in front of the handler");
    });

    it("says at start-up what is wrong", () => {
      const wrong = (options: object) => () => requireOwnership(options as never);
      expect(wrong({})).toThrow(
        /requireOwnership.load must be a function[\s\S]*requireOwnership.owner/,
      );
      const right = { load, owner: "userId" };
      expect(wrong({ ...right, owner: "user.id" })).toThrow("write (object) => …");
      expect(wrong({ ...right, owner: ["user", "id"] })).toThrow("write (object) => …");
      expect(wrong({ ...right, owner: undefined })).toThrow("owner must not be undefined");
      expect(wrong({ ...right, orElse: "admin" })).toThrow(
        'requireOwnership.orElse must be a rule such as role("admin")',
      );
      expect(wrong({ ...right, onDeny: 404 })).toThrow("onDeny must be one of");
      expect(wrong({ ...right, attach: "__proto__" })).toThrow("attach must not be the name");
      expect(wrong({ ...right, attach: "order", mode: "report" })).toThrow(
        'attach must be left out with mode: "report"',
      );
      expect(wrong({ load, ownerField: "userId" })).toThrow('did you mean "owner"?');
    });
  });

  describe("authorize with load", () => {
    const load = vi.fn(() => THEIRS);
    afterEach(() => load.mockClear());

    it.each<[what: string, rule: Rule, status: number, code: string]>([
      ["a scope", all(owner("userId"), scope("orders:write")), 403, "insufficient_scope"],
      ["a role", all(owner("userId"), role("admin")), 403, "access_denied"],
      [
        "another login",
        all(owner("userId"), stepUp({ acr: "phr" })),
        401,
        "insufficient_user_authentication",
      ],
      [
        "a scope, deep inside",
        not(any(owner("userId"), not(scope("orders:write")))),
        403,
        "access_denied",
      ],
    ])(
      "loads nothing for whom %s is missing whatever the object is",
      async (_w, rule, status, code) => {
        const { body } = await request(appFor(ALICE, authorize(rule, { load }))).get("/orders/1");
        expect([body.status, body.code]).toEqual([status, code]);
        expect(load).not.toHaveBeenCalled();
      },
    );

    it("asks functions of the app once, and only when there is an object", async () => {
      const asked = vi.fn(async () => true);
      const rule = all(when("open", asked), owner("userId"));
      await request(appFor({ subject: "bob" }, authorize(rule, { load })))
        .get("/orders/1")
        .expect(200);
      expect(asked).toHaveBeenCalledTimes(1);
      const none = authorize(rule, { load: () => undefined as object | undefined });
      await request(appFor({ subject: "bob" }, none))
        .get("/orders/1")
        .expect(404);
      expect(asked).toHaveBeenCalledTimes(1);
    });

    it("hides the object also when another part of the rule refuses it", async () => {
      const rule = all(
        when("never", () => false),
        owner("userId"),
      );
      await request(appFor(ALICE, authorize(rule, { load })))
        .get("/orders/1")
        .expect(404);
      expect(decisions).toMatchObject([{ reason: "condition_failed" }]);
    });

    it("only makes sure that there is an object, with attach and a rule about the caller", async () => {
      const guard = authorize(authenticated(), { load, attach: "order" });
      const app = appFor(ALICE, guard, (_req, res) => void res.json(res.locals["order"]));
      await request(app).get("/orders/1").expect(200, THEIRS);
    });

    it("says at start-up what does not go together", () => {
      expect(() => authorize(owner("userId"))).toThrow("authorize.load must be a function");
      expect(() => authorize(any(role("admin"), not(owner("userId"))))).toThrow("authorize.load");
      expect(() => authorize(role("admin"), { load })).toThrow("must stand beside a rule about");
      expect(() => authorize(role("admin"), { attach: "a" } as never)).toThrow("beside load");
      expect(() => authorize(role("admin"), { onDeny: "hide" } as never)).toThrow("beside load");
      expect(() => authorize(owner("userId"), { load: undefined } as never)).toThrow(
        "authorize.load must not be undefined",
      );
      expect(() => owner(7 as never)).toThrow("owner must be the name of a member or a function");
      expect(() => sameTenant("" as never)).toThrow("sameTenant must be the name of a member");
    });
  });

  describe("ownParam", () => {
    async function visit(
      init: PrincipalInit | null,
      guard: RequestHandler,
      path: string,
      route = "/users/:userId",
    ): Promise<number> {
      const app = express();
      app.use((req, res, next) => {
        setPrincipalSource(req, init === null ? null : createPrincipal(init));
        res.on("close", () => {
          decisions = decisionsOf(req);
        });
        next();
      });
      app.get(route, guard, (_req, res) => void res.json({}));
      const { status } = await request(app).get(path);
      return status;
    }

    it.each([
      ["alice", "/users/alice", 200],
      ["alice", "/users/al%69ce", 200],
      ["alice", "/users/bob", 403],
      ["alice", "/users/Alice", 403],
      ["alice", "/users/alice%20", 403],
      ["alice", "/users/alice%00", 403],
      ["auth0|1", "/users/auth0%7C1", 200],
      ["a/b", "/users/a%2Fb", 200],
      ["a%2Fb", "/users/a%2Fb", 403],
      ["a%2Fb", "/users/a%252Fb", 200],
      ["caf\u00e9", "/users/cafe%CC%81", 403],
    ])("compares what Express decodes: %s at %s", async (subject, path, status) => {
      expect(await visit({ subject }, ownParam("userId"), path)).toBe(status);
    });

    it("refuses nobody with 401, others with 403 and a reason", async () => {
      expect(await visit(null, ownParam("userId"), "/users/alice")).toBe(401);
      expect(await visit({ clientId: "job" }, ownParam("userId"), "/users/job")).toBe(403);
      expect(decisions).toMatchObject([
        { guard: "ownParam", reason: "not_owner", rule: "ownParam(userId)", code: "access_denied" },
      ]);
      const guard = ownParam("userId", { orElse: role("admin") });
      expect(await visit(ADMIN, guard, "/users/alice")).toBe(200);
      expect(await visit(ALICE, guard, "/users/bob")).toBe(403);
      expect(decisions).toMatchObject([
        { reason: "not_owner", rule: "any(role(admin), ownParam(userId))" },
      ]);
    });

    it.each<[org: unknown, status: number]>([
      ["acme", 200],
      ["other", 403],
      [["other", "acme"], 200],
      [undefined, 403],
      [7, 403],
      [{ id: "acme" }, 503],
      [true, 503],
    ])("compares with a claim: %j", async (org, status) => {
      const caller = { subject: "alice", claims: { org } };
      const guard = ownParam("org", { claim: "org" });
      expect(await visit(caller, guard, "/orgs/acme", "/orgs/:org")).toBe(status);
    });

    it.each<[what: string, guard: () => RequestHandler, route: string]>([
      ["misspelt", () => ownParam("userID"), "/users/:userId"],
      ["of Object.prototype", () => ownParam("constructor"), "/users/:userId"],
    ])("answers 500 where the parameter is %s, and says so once", async (_what, guard, route) => {
      const warn = vi.spyOn(process, "emitWarning").mockReturnValue();
      const mounted = guard();
      expect(await visit(ALICE, mounted, "/users/alice", route)).toBe(500);
      expect(await visit(ALICE, mounted, "/users/alice", route)).toBe(500);
      expect(warn).toHaveBeenCalledTimes(1);
      expect(warn.mock.calls[0]?.[0]).toContain("found no such parameter: mount it on a route");
    });

    it("answers 500 in front of the routes, where nothing is known of their parameters", async () => {
      vi.spyOn(process, "emitWarning").mockReturnValue();
      const app = express();
      app.use((req, _res, next) => {
        setPrincipalSource(req, createPrincipal(ALICE));
        next();
      });
      app.use(ownParam("userId"));
      app.get("/users/:userId", (_req, res) => void res.json({}));
      await request(app).get("/users/alice").expect(500);
    });

    it("works in front of a router with merged parameters", async () => {
      const app = express();
      app.use((req, _res, next) => {
        setPrincipalSource(req, createPrincipal(ALICE));
        next();
      });
      app.use("/users/:userId", ownParam("userId"), (_req, res) => void res.json({}));
      await request(app).get("/users/alice/orders").expect(200);
      await request(app).get("/users/bob/orders").expect(403);
    });

    it("says at start-up what is wrong", () => {
      expect(() => ownParam(":userId")).toThrow("without : or /");
      expect(() => ownParam("")).toThrow("ownParam.param must be the name of a parameter");
      expect(() => ownParam("a", { claim: "" })).toThrow("ownParam.claim must be a claim name");
      expect(() => ownParam("a", { claim: undefined })).toThrow("claim must not be undefined");
      expect(() => ownParam("a", { load: () => ({}) } as never)).toThrow("write requireOwnership");
    });
  });

  it("adds nothing to guards of other rules", async () => {
    const guard = authorize(all(claim("a", 1), role("admin")));
    await request(appFor({ ...ADMIN, claims: { a: 1 } }, guard))
      .get("/orders/1")
      .expect(200);
    await request(appFor(ADMIN, requireStepUp({ acr: "x" })))
      .get("/orders/1")
      .expect(401);
  });
});

it("does not let wildcards of Express 5 through", async () => {
  vi.spyOn(process, "emitWarning").mockReturnValue();
  const [, express] = expressVersions[1] as (typeof expressVersions)[number];
  const app = express();
  app.use((req, _res, next) => {
    setPrincipalSource(req, createPrincipal(ALICE));
    next();
  });
  app.get("/files/*path", ownParam("path"), (_req, res) => void res.json({}));
  await request(app).get("/files/alice").expect(500);
  vi.restoreAllMocks();
});
