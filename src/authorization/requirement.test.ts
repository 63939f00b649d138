import { describe, expect, it } from "vitest";
import type { Requirement } from "../core/guard/guard-details.js";
import { describeGuard } from "../core/guard/guard-mark.js";
import type { Middleware } from "../core/guard/middleware.js";
import {
  all,
  allowFields,
  any,
  authenticated,
  authorize,
  claim,
  defineRoles,
  not,
  owner,
  ownParam,
  permission,
  policy,
  requireOwnership,
  requirePermission,
  requireRole,
  requireScope,
  requireStepUp,
  role,
  sameTenant,
  scope,
  stepUp,
  when,
} from "./index.js";
import { createPureRule, createRule } from "./rule/rule.js";
import { ALLOW } from "./rule/verdict.js";

const load = (): Record<string, unknown> => ({});
const engine = { name: "engine", decide: () => ({ allow: true }) };
const names = (
  type: "role" | "scope" | "permission",
  match: "all" | "any",
  ...held: readonly string[]
): Requirement => ({ type, names: held, match });
const about = (rule: string): Requirement => ({ type: "object", rule });
const roles = defineRoles({ admin: { includes: ["editor"] }, editor: { permissions: ["write"] } });

describe("a guard says what it demands", () => {
  it.each<[Middleware, Requirement]>([
    [requireRole("admin", "editor"), names("role", "any", "admin", "editor")],
    [requireScope("a", "b"), names("scope", "all", "a", "b")],
    [requireScope.any("a", "b"), names("scope", "any", "a", "b")],
    [requirePermission("a", "b"), names("permission", "all", "a", "b")],
    [requirePermission.any("a", "b"), names("permission", "any", "a", "b")],
    [roles.requireRole("editor"), names("role", "any", "editor")],
    [roles.requirePermission("write"), names("permission", "all", "write")],
    [requireStepUp({ acr: "phr" }), { type: "other", rule: "stepUp(acr phr)" }],
    [ownParam("userId"), about("ownParam(userId)")],
    [
      ownParam("userId", { orElse: role("admin") }),
      { type: "any", of: [names("role", "any", "admin"), about("ownParam(userId)")] },
    ],
    [requireOwnership({ load, owner: "userId" }), about("owner(userId)")],
    [authorize(authenticated()), { type: "other", rule: "authenticated()" }],
    [authorize(sameTenant("org"), { load }), about("sameTenant(org)")],
    [authorize(when("draft", () => true)), about("when(draft)")],
    [authorize(policy(engine, () => ({ resource: { type: "a" } }))), about("policy(engine)")],
    [
      authorize(
        any(
          role("admin"),
          all(scope("a"), not(permission("b")), owner("customer"), claim("c", 1)),
          stepUp({ maxAge: "5m" }),
        ),
        { load },
      ),
      {
        type: "any",
        of: [
          names("role", "any", "admin"),
          {
            type: "all",
            of: [
              names("scope", "all", "a"),
              { type: "not", of: names("permission", "all", "b") },
              about("owner(customer)"),
              { type: "other", rule: "claim(c, 1)" },
            ],
          },
          { type: "other", rule: "stepUp(within 5m)" },
        ],
      },
    ],
  ])("%#", (guard, requirement) => {
    expect(describeGuard(guard)?.details).toEqual({ requirement });
  });

  it.each(["a, b", "a)", "(a", "any(role(x), owner(y))"])(
    "whatever its names look like: %s",
    (name) => {
      const rule = any(role(name), permission(name));
      expect(describeGuard(authorize(rule))?.details?.requirement).toEqual({
        type: "any",
        of: [names("role", "any", name), names("permission", "all", name)],
      });
      const asked = when(name, () => true);
      expect(describeGuard(authorize(asked))?.details?.requirement).toEqual(about(`when(${name})`));
    },
  );

  it("in the words of a rule that tells no more, such as one of an older copy", () => {
    const older = createPureRule("older", ALLOW, () => ALLOW);
    const strange = createRule("strange", {
      requirement: { type: "strange" } as never,
      isPure: true,
      needsObject: false,
      allowed: ALLOW,
      judge: () => ALLOW,
    });
    const words: Requirement = { type: "other", rule: "older" };
    expect(describeGuard(authorize(older))?.details).toEqual({ requirement: words });
    expect(describeGuard(authorize(strange))).toMatchObject({ rule: "strange" });
    expect(describeGuard(authorize(strange))?.details).toBeUndefined();
  });

  it("but nothing of fields, which demand nothing of the caller", () => {
    expect(describeGuard(allowFields({ write: ["a"] }))?.details).toBeUndefined();
  });
});
