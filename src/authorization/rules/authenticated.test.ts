import type { Express, RequestHandler } from "express";
import request from "supertest";
import { describe, expect, it } from "vitest";
import { expressVersions } from "../../../test/support/express.js";
import { type Decision, decisionsOf } from "../../core/decision/decision.js";
import { createPrincipal, setPrincipalSource } from "../../core/principal/principal.js";
import { authorize } from "../authorize.js";
import { all } from "../combinators/all.js";
import { any } from "../combinators/any.js";
import { not } from "../combinators/not.js";
import type { Rule } from "../rule/rule.js";
import { authenticated } from "./authenticated.js";
import { role } from "./role.js";
import { scope } from "./scope.js";

describe.each(expressVersions)("authorize(authenticated()) on Express %s", (_major, express) => {
  let decisions: readonly Decision[] = [];

  function appWith(rule: Rule): Express {
    const caller: RequestHandler = (req, _res, next) => {
      decisions = decisionsOf(req);
      const kind = req.get("x-kind") as "user" | "anonymous" | undefined;
      if (kind !== undefined) {
        const roles = req.get("x-role")?.split(",") ?? [];
        setPrincipalSource(req, createPrincipal({ kind, subject: "alice", roles }));
      }
      next();
    };
    const app = (express as unknown as () => Express)();
    app.use(caller, authorize(rule));
    app.get("/", (_req, res) => void res.json({ reached: true }));
    return app;
  }

  it("lets every caller pass who is authenticated, with no role at all", async () => {
    await request(appWith(authenticated())).get("/").set("X-Kind", "user").expect(200);
    expect(decisions).toMatchObject([{ outcome: "allow", rule: "authenticated()" }]);
  });

  it.each([
    ["nobody", {}, "no_principal"],
    ["an anonymous principal", { "X-Kind": "anonymous" }, "anonymous"],
  ] as const)("answers 401 to %s", async (_who, headers, reason) => {
    const answer = await request(appWith(authenticated())).get("/").set(headers).expect(401);
    expect(answer.body.code).toBe("authentication_required");
    expect(answer.headers["www-authenticate"]).toBe('Bearer realm="api"');
    expect(decisions).toMatchObject([{ outcome: "deny", reason, rule: "authenticated()" }]);
  });

  it.each<[string, Rule, string | undefined, number]>([
    ["all, when the others hold", all(authenticated(), role("admin")), "admin", 200],
    ["all, when another one does not", all(authenticated(), role("admin")), "user", 403],
    ["all, beside not", all(authenticated(), not(role("suspended"))), "suspended", 403],
    ["any, whatever the others say", any(role("admin"), authenticated()), "user", 200],
    ["not, which lets nobody pass", not(authenticated()), "admin", 403],
  ])("composes with %s", async (_how, rule, roles, status) => {
    const sent = request(appWith(rule)).get("/").set("X-Kind", "user");
    const answer = await (roles === undefined ? sent : sent.set("X-Role", roles)).expect(status);
    if (status === 403) expect(answer.body.code).toBe("access_denied");
    await request(appWith(rule)).get("/").expect(401);
  });

  it("asks for the scopes of the rules beside it", async () => {
    const app = appWith(all(authenticated(), scope("orders:read")));
    const answer = await request(app).get("/").set("X-Kind", "user").expect(403);
    expect(answer.body.code).toBe("insufficient_scope");
    expect(answer.headers["www-authenticate"]).toContain('scope="orders:read"');
  });

  it("says so when it is handed over uncalled, or gets a name", () => {
    expect(() => authorize(authenticated as never)).toThrow("call it, as in authenticated(…)");
    const given = authenticated as (...args: readonly unknown[]) => Rule;
    for (const argument of ["admin", null, {}])
      expect(() => given(argument)).toThrow("authenticated must be called without options");
  });
});
