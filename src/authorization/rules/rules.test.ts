import type { Express, RequestHandler } from "express";
import request from "supertest";
import { afterEach, describe, expect, it, vi } from "vitest";
import { expressVersions } from "../../../test/support/express.js";
import { type Decision, decisionsOf } from "../../core/decision/decision.js";
import {
  assemblePrincipal,
  createPrincipal,
  type PrincipalInit,
  setPrincipalSource,
} from "../../core/principal/principal.js";
import { authorize } from "../authorize.js";
import { all } from "../combinators/all.js";
import { any } from "../combinators/any.js";
import { not } from "../combinators/not.js";
import { declarePublic } from "../declare-public.js";
import { owner } from "../ownership/owner.js";
import { requirePermission } from "../require-permission.js";
import { requireStepUp } from "../require-step-up.js";
import type { Rule } from "../rule/rule.js";
import { claim } from "./claim.js";
import { permission } from "./permission.js";
import { role } from "./role.js";
import { scope } from "./scope.js";
import { stepUp } from "./step-up.js";
import { when } from "./when.js";

const unset: string | undefined = undefined;

describe.each(expressVersions)("on Express %s", (_major, express) => {
  let decisions: readonly Decision[] = [];
  afterEach(() => {
    vi.restoreAllMocks();
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
    app.all("/:id", ...guards, (_req, res) => void res.json({ reached: true }));
    return app;
  }

  async function answer(init: PrincipalInit | null, rule: Rule): Promise<number> {
    const { status } = await request(appFor(init, authorize(rule))).get("/7");
    return status;
  }

  describe("permission", () => {
    it("asks for all of them, and permission.any for one", async () => {
      const editor = { subject: "a", permissions: ["orders:read", "orders:write"] };
      expect(await answer(editor, permission("orders:read", "orders:write"))).toBe(200);
      expect(await answer(editor, permission("orders:read", "orders:delete"))).toBe(403);
      expect(decisions).toMatchObject([
        { rule: "permission(orders:read, orders:delete)", reason: "missing_permission" },
      ]);
      expect(await answer(editor, permission.any("orders:delete", "orders:read"))).toBe(200);
      expect(await answer(editor, permission.any("orders:delete"))).toBe(403);
    });

    it("does not take a scope or a role for a permission, nor a part of a name", async () => {
      const other = { subject: "a", scopes: ["x"], roles: ["x"], permissions: ["xy", "X"] };
      expect(await answer(other, permission("x"))).toBe(403);
    });

    it("is undecided where the permissions could not be read", async () => {
      const app = express();
      const principal = assemblePrincipal({
        ...createPrincipal({ subject: "a" }),
        undetermined: ["permissions"],
      });
      app.use((req, _res, next) => {
        setPrincipalSource(req, principal);
        next();
      });
      app.get("/a", requirePermission("x"), (_req, res) => void res.json({ reached: true }));
      app.get(
        "/b",
        authorize(not(permission.any("x"))),
        (_req, res) => void res.json({ reached: true }),
      );
      for (const path of ["/a", "/b"]) {
        const { body } = await request(app).get(path).expect(503);
        expect(body.code).toBe("service_unavailable");
      }
    });
  });

  describe("requirePermission", () => {
    it("answers 403 without saying which permission is missing, and 401 to nobody", async () => {
      const refused = await request(appFor({ subject: "a" }, requirePermission("orders:write")))
        .get("/7")
        .expect(403);
      expect(refused.body.code).toBe("access_denied");
      expect(refused.text).not.toContain("orders");
      await request(appFor(null, requirePermission.any("a", "b", { realm: "r" })))
        .get("/7")
        .expect(401)
        .expect("WWW-Authenticate", 'Bearer realm="r"');
    });
  });

  describe("claim", () => {
    const claims = {
      email_verified: true,
      "https://acme.example/plan": "gold",
      address: { country: "DE" },
      teams: ["red", "blue"],
      level: 3,
      flag: "true",
      mixed: ["a", 1],
      nothing: null,
      _claim_names: { suspended: "src1" },
    };
    const caller = { subject: "a", claims };

    it.each<[Rule, number]>([
      [claim("email_verified", true), 200],
      [claim("email_verified", false), 403],
      [claim("https://acme.example/plan", "gold"), 200],
      [claim("https://acme.example/plan", "gol"), 403],
      [claim(["address", "country"], "DE"), 200],
      [claim("address.country", "DE"), 403],
      [claim("teams", "blue"), 200],
      [claim("teams", "green"), 403],
      [claim("level", 3), 200],
      [claim("absent", "x"), 403],
      [not(claim("absent", true)), 200],
      [claim("flag", true), 503],
      [not(claim("flag", true)), 503],
      [claim("mixed", "a"), 200],
      [claim("mixed", "b"), 503],
      [claim("address", "DE"), 503],
      [claim("nothing", "x"), 503],
      [claim("toString", "x"), 403],
      [claim("level", (value) => typeof value === "number" && value > 2), 200],
      [claim("level", async (value) => value === 4), 403],
      [claim("level", () => "yes" as never), 503],
      [claim("absent", (value) => value === undefined), 200],
      [not(claim(["plan", "suspended"], true)), 200],
      [not(claim(["nothing", "suspended"], true)), 200],
      [not(claim(["flag", "suspended"], true)), 503],
      [not(claim(["level", "suspended"], true)), 503],
      [not(claim(["teams", "suspended"], true)), 503],
      [claim(["teams", "length"], 2), 503],
      [claim(["flag", "suspended"], (value) => value !== true), 503],
      [not(claim("suspended", true)), 503],
      [not(claim(["suspended", "since"], "2026")), 503],
      [claim("suspended", (value) => value !== true), 503],
    ])("%# $description", async (rule, status) => {
      vi.spyOn(process, "emitWarning").mockReturnValue(undefined);
      expect(await answer(caller, rule)).toBe(status);
    });
  });

  // A rule such as not(claim("suspended", true)) would let pass whoever is suspended.
  it.each(["suspended\n", "suspended ", "\ufeffsuspended", "sus\u200bpended"])(
    "`claim` refuses a name or a value with what nobody sees: %j",
    (text) => {
      expect(() => claim(text, true)).toThrow("claim.path must not");
      expect(() => claim(["state", text], true)).toThrow("claim.path must not");
      expect(() => claim("state", text)).toThrow("claim.expected must not");
    },
  );

  describe("stepUp", () => {
    const now = Math.floor(Date.now() / 1000);

    it.each<[string, PrincipalInit, Rule, number]>([
      ["an acr that is a number", { claims: { acr: 5 } }, stepUp({ acr: "phr" }), 503],
      ["an acr that is a list", { claims: { acr: ["phr"] } }, stepUp({ acr: "phr" }), 503],
      ["an amr that is a number", { claims: { amr: 5 } }, stepUp({ amr: "pwd" }), 503],
      [
        "an amr with other items",
        { amr: ["a"], claims: { amr: ["a", 1] } },
        stepUp({ amr: "pwd" }),
        503,
      ],
      ["a time that is a string", { claims: { auth_time: "1" } }, stepUp({ maxAge: "5m" }), 503],
      [
        "an acr that is elsewhere",
        { claims: { _claim_names: { acr: "s" } } },
        stepUp({ acr: "phr" }),
        503,
      ],
      ["an acr that is null", { claims: { acr: null } }, stepUp({ acr: "phr" }), 401],
      [
        "an acr that is a number, and an old login",
        { authTime: 1, claims: { acr: 5 } },
        stepUp({ acr: "phr", maxAge: "5m" }),
        401,
      ],
      [
        "a readable method beside others",
        { amr: ["pwd"], claims: { amr: ["pwd", 1] } },
        stepUp({ amr: "pwd" }),
        200,
      ],
    ])("is undecided about what it cannot read: %s", async (_what, init, rule, status) => {
      expect(await answer({ subject: "a", ...init }, rule)).toBe(status);
      const reversed = { 503: 503, 401: 200, 200: 403 }[status];
      expect(await answer({ subject: "a", ...init }, not(rule))).toBe(reversed);
    });

    it.each<[Rule, string | undefined]>([
      [
        all(
          stepUp({ acr: ["phr", "phrh"], maxAge: "1h" }),
          stepUp({ acr: ["x", "phrh"], maxAge: "5m" }),
        ),
        'acr_values="phrh", max_age="300"',
      ],
      [all(stepUp({ acr: "phr" }), stepUp({ maxAge: "5m" })), 'acr_values="phr", max_age="300"'],
      [all(stepUp({ maxAge: "5m" }), stepUp({ acr: "phr" })), 'acr_values="phr", max_age="300"'],
      [all(stepUp({ acr: "phr" }), stepUp({ acr: "other" })), undefined],
    ])(
      "names a login that is enough for all of several: $0.description",
      async (rule, expected) => {
        const { body, headers } = await request(appFor({ subject: "a" }, authorize(rule))).get(
          "/7",
        );
        const prefix = 'Bearer realm="api", error="insufficient_user_authentication", ';
        expect(headers["www-authenticate"]).toBe(expected && prefix + expected);
        if (expected === undefined) expect(body.code).toBe("access_denied");
      },
    );

    it.each<[string, PrincipalInit, Rule, boolean]>([
      ["an acr that is asked for", { acr: "phr" }, stepUp({ acr: ["phr", "phrh"] }), true],
      ["another acr", { acr: "pwd" }, stepUp({ acr: "phr" }), false],
      ["no acr", {}, stepUp({ acr: "phr" }), false],
      ["a method", { amr: ["pwd", "mfa"] }, stepUp({ amr: "mfa" }), true],
      ["other methods", { amr: ["pwd"] }, stepUp({ amr: ["mfa", "hwk"] }), false],
      ["a recent login", { authTime: now - 100 }, stepUp({ maxAge: "5m" }), true],
      ["an old login", { authTime: now - 400 }, stepUp({ maxAge: "5m" }), false],
      ["a login of the far future", { authTime: now + 4000 }, stepUp({ maxAge: "5m" }), false],
      ["no time of login", {}, stepUp({ maxAge: "5m" }), false],
      ["one of two", { acr: "phr" }, stepUp({ acr: "phr", maxAge: "5m" }), false],
    ])("decides about %s", async (_what, init, rule, passes) => {
      expect(await answer({ subject: "a", ...init }, rule)).toBe(passes ? 200 : 401);
    });

    it("answers with the challenge of RFC 9470, which names what would do", async () => {
      const guard = requireStepUp({ acr: ["phr", "phrh"], maxAge: "5m", realm: "orders" });
      const { body } = await request(appFor({ subject: "a" }, guard))
        .get("/7")
        .expect(401)
        .expect(
          "WWW-Authenticate",
          'Bearer realm="orders", error="insufficient_user_authentication", acr_values="phr phrh", max_age="300"',
        );
      expect(body.code).toBe("insufficient_user_authentication");
      expect(decisions).toMatchObject([
        {
          guard: "requireStepUp",
          reason: "step_up_required",
          rule: "stepUp(acr phr phrh, within 5m)",
        },
      ]);
    });

    it.each([
      all(scope("a"), not(scope("a"))),
      all(any(scope("a"), all(scope("b"), scope("a"))), not(scope("a"))),
      all(stepUp({ acr: "phr" }), scope("a"), not(scope.any("a", "b"))),
    ])("names no scopes that the rule refuses: $description", async (rule) => {
      const { body, headers } = await request(appFor({ subject: "a" }, authorize(rule)))
        .get("/7")
        .expect(403);
      expect(body.code).toBe("access_denied");
      expect(headers).not.toHaveProperty("www-authenticate");
    });

    it.each<[string, Rule, PrincipalInit, string]>([
      [
        "the scope of another way, where that of the first would be in vain",
        any(all(not(scope("c")), scope("c")), scope("d")),
        {},
        'error="insufficient_scope", scope="d"',
      ],
      [
        "the other one of two scopes",
        all(scope.any("a", "b"), not(scope("a"))),
        {},
        'error="insufficient_scope", scope="b"',
      ],
      [
        "the login that is enough for two ways to choose from",
        all(any(stepUp({ acr: "1" }), stepUp({ acr: "2" })), stepUp({ acr: ["2", "3"] })),
        {},
        'error="insufficient_user_authentication", acr_values="2"',
      ],
      [
        "all logins, of which one is enough",
        any(stepUp({ acr: "1" }), stepUp({ acr: ["2", "3"] })),
        {},
        'error="insufficient_user_authentication", acr_values="1 2 3"',
      ],
      [
        "no login that is refused",
        all(stepUp({ acr: ["1", "2"] }), not(stepUp({ acr: "1" }))),
        {},
        'error="insufficient_user_authentication", acr_values="2"',
      ],
      [
        "the scopes behind a function that is not asked yet",
        all(
          scope("a"),
          all(
            scope("b"),
            when("x", () => true),
          ),
        ),
        {},
        'error="insufficient_scope", scope="a b"',
      ],
      [
        "what needs no function rather than what needs one",
        any(
          all(
            scope("a"),
            when("x", () => true),
          ),
          scope("b"),
        ),
        {},
        'error="insufficient_scope", scope="b"',
      ],
      [
        "the scope of the way that is not in vain, behind a function that said yes",
        all(
          when("x", () => true),
          any(all(not(scope("c")), scope("c")), scope("d")),
        ),
        {},
        'error="insufficient_scope", scope="d"',
      ],
    ])("names %s", async (_what, rule, init, challenge) => {
      const { headers } = await request(appFor({ subject: "a", ...init }, authorize(rule))).get(
        "/7",
      );
      expect(headers["www-authenticate"]).toBe(`Bearer realm="api", ${challenge}`);
    });

    it("names the same before an object is loaded", async () => {
      const rule = all(any(all(not(scope("c")), scope("c")), scope("d")), owner("userId"));
      const load = vi.fn();
      const guard = authorize(rule, { load }) as unknown as RequestHandler;
      const { headers } = await request(appFor({ subject: "a" }, guard))
        .get("/7")
        .expect(403);
      expect(headers["www-authenticate"]).toContain('scope="d"');
      expect(load).not.toHaveBeenCalled();
    });

    it.each<[string, Rule, PrincipalInit, string]>([
      ["that all ways have", any(role("x"), role("y")), {}, "missing_role"],
      ["of the last way", any(role("x"), permission("y")), {}, "missing_permission"],
      [
        "of the last way, asked later",
        any(
          role("x"),
          when("y", async () => false),
        ),
        {},
        "condition_failed",
      ],
      ["that the challenge names", any(scope("x"), stepUp({ acr: "1" })), {}, "missing_scope"],
      [
        "that the challenge names",
        any(all(scope("x"), stepUp({ acr: "1" })), scope("y")),
        { scopes: ["x"] },
        "step_up_required",
      ],
      ["of no use where all is in vain", all(scope("a"), not(scope("a"))), {}, "rule_denied"],
    ])("records the reason %s: %#", async (_what, rule, init, reason) => {
      await request(appFor({ subject: "a", ...init }, authorize(rule))).get("/7");
      expect(decisions).toMatchObject([{ reason }]);
    });

    it("asks for a scope first, and not for a login where a role would be missing all the same", async () => {
      const rule = all(scope("a"), stepUp({ acr: "phr" }), role("x"));
      const body = async (init: PrincipalInit): Promise<string> =>
        (await request(appFor({ subject: "s", ...init }, authorize(rule))).get("/7")).body.code;
      expect(await body({ roles: ["x"] })).toBe("insufficient_scope");
      expect(await body({ roles: ["x"], scopes: ["a"] })).toBe("insufficient_user_authentication");
      expect(await body({ scopes: ["a"] })).toBe("access_denied");
      const either = any(stepUp({ acr: "phr" }), role("x"));
      const { body: other } = await request(appFor({ subject: "s" }, authorize(either))).get("/7");
      expect(other.code).toBe("access_denied");
    });
  });

  describe("when", () => {
    const own = when(
      "own record",
      async (principal, req) => req.params["id"] === principal.subject,
    );

    it("asks a function of the app, at once or later", async () => {
      expect(await answer({ subject: "7" }, own)).toBe(200);
      expect(await answer({ subject: "8" }, own)).toBe(403);
      expect(decisions).toMatchObject([{ rule: "when(own record)", reason: "condition_failed" }]);
      expect(
        await answer(
          { subject: "8" },
          when("now", () => true),
        ),
      ).toBe(200);
    });

    it("is not asked about nobody", async () => {
      const condition = vi.fn(() => true);
      expect(await answer(null, when("x", condition))).toBe(401);
      expect(await answer({ kind: "anonymous" }, when("x", condition))).toBe(401);
      expect(condition).not.toHaveBeenCalled();
    });

    it.each<[string, () => unknown]>([
      [
        "throws",
        () => {
          throw new Error("no database");
        },
      ],
      [
        "rejects",
        async () => {
          throw new Error("no database");
        },
      ],
      ["says undefined", () => undefined],
      ["says 1", () => 1],
      ["promises a text", async () => "true"],
    ])(
      "refuses with 503 when the function %s, also under not, but not where another rule holds",
      async (_what, condition) => {
        const warn = vi.spyOn(process, "emitWarning").mockReturnValue(undefined);
        const failing = when("own record", condition as never);
        for (const rule of [failing, not(failing), all(role("x"), failing)]) {
          expect(await answer({ subject: "a", roles: ["x"] }, rule)).toBe(503);
          expect(decisions).toMatchObject([
            { outcome: "error", code: "check_unavailable", rule: rule.description },
          ]);
        }
        expect(warn.mock.calls[0]?.[0]).toContain('when("own record")');
        expect(await answer({ subject: "a", roles: ["x"] }, any(failing, role("x")))).toBe(200);
        expect(await answer({ subject: "a" }, all(role("x"), failing))).toBe(403);
      },
    );

    it("lets pass in report mode, without waiting, and records what it found", async () => {
      let settle: (value: boolean) => void = () => undefined;
      const slow = when("slow", () => new Promise<boolean>((resolve) => (settle = resolve)));
      await request(appFor({ subject: "a" }, authorize(slow, { mode: "report" })))
        .get("/7")
        .expect(200);
      settle(false);
      await new Promise((resolve) => setImmediate(resolve));
      expect(decisions).toMatchObject([{ outcome: "deny", enforced: false, rule: "when(slow)" }]);
    });
  });

  describe("declarePublic", () => {
    it("lets everybody pass, and says in the record and the brand why", async () => {
      const guard = declarePublic("probe of the load balancer");
      await request(appFor(null, guard)).get("/7").expect(200);
      expect(decisions).toMatchObject([
        {
          guard: "declarePublic",
          outcome: "allow",
          reason: "declared_public",
          rule: "probe of the load balancer",
        },
      ]);
      expect(guard).toHaveProperty(
        "expressSecureApiGuard",
        '{"guard":"declarePublic","kind":"public","mode":"enforce","rule":"probe of the load balancer"}',
      );
    });

    it("opens nothing that a guard in front of it refuses", async () => {
      await request(appFor(null, authorize(role("x")), declarePublic("health")))
        .get("/7")
        .expect(401);
    });
  });
});

describe("what is wrong at start-up", () => {
  it.each<[() => unknown, string]>([
    [() => permission("a", unset as never), "permission.permissions[1] must be a non-empty string"],
    [() => permission.any(""), "permission.any.permissions[0] must be a non-empty string"],
    [
      () => requirePermission(...([] as unknown as ["a"])),
      "requirePermission.permissions must have",
    ],
    [() => requirePermission.any("a", "a"), "must not repeat an earlier entry"],
    [() => claim("", true), "claim.path must be a claim name"],
    [() => claim([], true), "claim.path must be a claim name"],
    [
      () => claim("a", unset as never),
      "claim.expected must be a text, a number, true, false or a function, got undefined",
    ],
    [() => claim("a", ["x"] as never), "claim.expected must be a text"],
    [() => claim("a", Number.NaN), "claim.expected must be a text"],
    [() => claim("a", 2 ** 53), "claim.expected must be at most 2^53 - 1"],
    [() => claim("undefined", "x"), "claim.path must not hold"],
    [() => (claim as (...args: unknown[]) => Rule)("a", "x", "y"), "write any(claim(…), claim(…))"],
    [() => stepUp({}), 'stepUp must ask for acr, amr or maxAge: write maxAge: "5m"'],
    [() => stepUp({ acr: unset }), "stepUp.acr"],
    [() => stepUp({ acr: [] }), "stepUp.acr must be a non-empty string or a list of them"],
    [() => stepUp({ acr: "a b" }), "stepUp.acr"],
    [() => stepUp({ maxAge: "0s" }), "stepUp.maxAge"],
    [() => stepUp({ maxAge: 300 as never }), "stepUp.maxAge"],
    [() => stepUp({ acr_values: "x" } as never), 'did you mean "acr"?'],
    [() => requireStepUp({ mode: "report" }), "requireStepUp must ask for acr, amr or maxAge"],
    [() => requireStepUp({ maxAge: "5m", realms: "x" } as never), 'did you mean "realm"?'],
    [() => when("", () => true), "when.label must be a few words"],
    [() => when("a\nb", () => true), "when.label must not hold control characters"],
    [() => when("a", unset as never), "when.condition must be a function, got undefined"],
    [() => when("x".repeat(101), () => true), "when.label must have at most 100 characters"],
    [
      () =>
        (when as (...args: unknown[]) => Rule)(
          "a",
          () => true,
          () => true,
        ),
      "write all(when(…), when(…))",
    ],
    [() => declarePublic(unset as never), "declarePublic.reason must say in a few words"],
    [() => (declarePublic as (...args: unknown[]) => unknown)("x", {}), "it has no options"],
  ])("%#", (create, problem) => {
    expect(create).toThrow(
      expect.objectContaining({ name: "OptionsError", message: expect.stringContaining(problem) }),
    );
  });
});
