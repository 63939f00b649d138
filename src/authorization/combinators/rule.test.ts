import type { Request } from "express";
import fc from "fast-check";
import { beforeAll, describe, expect, it, vi } from "vitest";
import {
  assemblePrincipal,
  createPrincipal,
  type Principal,
} from "../../core/principal/principal.js";
import { authorize } from "../authorize.js";
import { requireRole } from "../require-role.js";
import { createPureRule, createRule, isRule, logicOf, type Rule } from "../rule/rule.js";
import {
  ALLOW,
  denying,
  type Effect,
  isVerdict,
  UNDECIDED,
  undecided,
  type Verdict,
} from "../rule/verdict.js";
import { permission } from "../rules/permission.js";
import { role } from "../rules/role.js";
import { scope } from "../rules/scope.js";
import { all } from "./all.js";
import { any } from "./any.js";
import { not } from "./not.js";

const somebody = createPrincipal({ subject: "alice" });

const req = {} as Request;

function judged(rule: Rule, principal: Principal = somebody): Verdict | Promise<Verdict> {
  return logicOf(rule).judge(principal, req, undefined);
}

function verdictOf(rule: Rule, principal: Principal = somebody): Verdict {
  const verdict = judged(rule, principal);
  if (!isVerdict(verdict)) throw new Error("the rule answers later");
  return verdict;
}

function effectOf(rule: Rule, principal: Principal = somebody): Effect {
  return verdictOf(rule, principal).effect;
}

const VERDICTS = { allow: ALLOW, deny: denying("rule_denied"), indeterminate: UNDECIDED } as const;

function constant(effect: Effect): Rule {
  return createPureRule(effect, undefined, () => VERDICTS[effect]);
}

/** A rule that asks somebody, who answers at once or later. */
function asking(effect: Effect, isLater: boolean): Rule {
  return createRule(effect, {
    isPure: false,
    needsObject: false,
    allowed: ALLOW,
    judge: () => (isLater ? Promise.resolve(VERDICTS[effect]) : VERDICTS[effect]),
  });
}

/** Kleene's three-valued logic as numbers: deny 0, indeterminate 1, allow 2. */
const EFFECTS = ["deny", "indeterminate", "allow"] as const;

interface Case {
  readonly rule: Rule;
  readonly value: number;
}

const { tree } = fc.letrec<{ tree: Case; leaf: Case; and: Case; or: Case; negation: Case }>(
  (tie) => ({
    tree: fc.oneof({ depthSize: "small" }, tie("leaf"), tie("and"), tie("or"), tie("negation")),
    leaf: fc
      .tuple(fc.constantFrom(0, 1, 2), fc.constantFrom("pure", "now", "later"))
      .map(([value, way]) => {
        const effect = EFFECTS[value] ?? "deny";
        const rule = way === "pure" ? constant(effect) : asking(effect, way === "later");
        return { rule, value };
      }),
    and: fc.array(tie("tree"), { minLength: 1, maxLength: 4 }).map((cases) => ({
      rule: all(...(cases.map((one) => one.rule) as [Rule])),
      value: Math.min(...cases.map((one) => one.value)),
    })),
    or: fc.array(tie("tree"), { minLength: 1, maxLength: 4 }).map((cases) => ({
      rule: any(...(cases.map((one) => one.rule) as [Rule])),
      value: Math.max(...cases.map((one) => one.value)),
    })),
    negation: tie("tree").map((one) => ({ rule: not(one.rule), value: 2 - one.value })),
  }),
);

describe("all, any and not", () => {
  it.each<[Effect, Effect, Effect, Effect]>([
    ["allow", "allow", "allow", "allow"],
    ["allow", "deny", "deny", "allow"],
    ["allow", "indeterminate", "indeterminate", "allow"],
    ["deny", "allow", "deny", "allow"],
    ["deny", "deny", "deny", "deny"],
    ["deny", "indeterminate", "deny", "indeterminate"],
    ["indeterminate", "allow", "indeterminate", "allow"],
    ["indeterminate", "deny", "deny", "indeterminate"],
    ["indeterminate", "indeterminate", "indeterminate", "indeterminate"],
  ])("of %s and %s are %s and %s", (one, other, both, either) => {
    expect(effectOf(all(constant(one), constant(other)))).toBe(both);
    expect(effectOf(any(constant(one), constant(other)))).toBe(either);
  });

  it.each<[Effect, Effect]>([
    ["allow", "deny"],
    ["deny", "allow"],
    ["indeterminate", "indeterminate"],
  ])("turn %s into %s", (one, turned) => {
    expect(effectOf(not(constant(one)))).toBe(turned);
  });

  it("follow three-valued logic in any combination, of rules that answer at once and of those that do not", async () => {
    await fc.assert(
      fc.asyncProperty(tree, async ({ rule, value }) => {
        expect((await judged(rule)).effect).toBe(EFFECTS[value]);
      }),
      { numRuns: 2000 },
    );
  });

  it("answer at once as long as every rule that they ask does", () => {
    const now = asking("deny", false);
    const later = asking("deny", true);
    expect(isVerdict(judged(all(now, later)))).toBe(true);
    expect(isVerdict(judged(any(constant("allow"), later)))).toBe(true);
    expect(isVerdict(judged(not(now)))).toBe(true);
    expect(isVerdict(judged(any(now, later)))).toBe(false);
    expect(isVerdict(judged(all(constant("allow"), later)))).toBe(false);
    expect(isVerdict(judged(not(later)))).toBe(false);
  });

  it("ask nobody any more once the answer is clear, and nobody twice", async () => {
    const asked: string[] = [];
    const spy = (name: string, effect: Effect): Rule =>
      createRule(name, {
        isPure: false,
        needsObject: false,
        allowed: ALLOW,
        judge: async () => {
          asked.push(name);
          return VERDICTS[effect];
        },
      });
    await judged(any(spy("a", "deny"), spy("b", "allow"), spy("c", "allow")));
    await judged(all(spy("d", "allow"), spy("e", "deny"), spy("f", "allow")));
    await judged(any(spy("g", "deny"), spy("h", "deny")));
    expect(asked.join("")).toBe("abdegh");
  });

  it.each<[string, (rule: Rule, other: Rule) => Rule]>([
    ["any to the left", (rule, other) => any(rule, other)],
    ["any to the right", (rule, other) => any(other, rule)],
    ["all of a refused not", (rule, other) => all(not(rule), other)],
    ["all of what refused before", (rule, other) => all(any(rule, constant("allow")), other)],
  ])("ask each rule once, however deep they are nested: %s", (_what, nest) => {
    let asked = 0;
    const counting = createPureRule("counting", undefined, () => {
      asked += 1;
      return VERDICTS.deny;
    });
    let rule = counting;
    for (let depth = 0; depth < 12; depth += 1) rule = nest(rule, role("x"));
    verdictOf(rule);
    expect(asked).toBe(1);
  });

  it("keep what failed, for whoever tells the developer", async () => {
    const failure = new Error("no database");
    const failing = createPureRule("failing", undefined, () => undecided(failure));
    for (const rule of [
      all(failing, role("x")),
      any(role("x"), failing, constant("indeterminate")),
      not(failing),
    ]) {
      const principal = createPrincipal({ subject: "a", roles: ["x"] });
      expect(verdictOf(rule, rule.description.startsWith("any") ? somebody : principal).error).toBe(
        failure,
      );
    }
  });
});

describe("role and scope", () => {
  const name: fc.Arbitrary<string> = fc.constantFrom(
    "a",
    "b",
    "c",
    "admin",
    "administrator",
    "ADMIN",
    "a:b",
  );
  const names = fc.uniqueArray(name, { minLength: 1, maxLength: 4 }) as fc.Arbitrary<
    [string, ...string[]]
  >;
  const held = fc.array(name, { maxLength: 5 });

  it("mean any of the roles, all of the scopes, any of the scopes", () => {
    fc.assert(
      fc.property(names, held, held, (wanted, roles, scopes) => {
        const principal = createPrincipal({ subject: "alice", roles, scopes });
        expect(effectOf(role(...wanted), principal)).toBe(
          wanted.some((one) => roles.includes(one)) ? "allow" : "deny",
        );
        expect(effectOf(scope(...wanted), principal)).toBe(
          wanted.every((one) => scopes.includes(one)) ? "allow" : "deny",
        );
        expect(effectOf(scope.any(...wanted), principal)).toBe(
          wanted.some((one) => scopes.includes(one)) ? "allow" : "deny",
        );
      }),
    );
  });

  it.each(["administrator", "adm", "ADMIN", "admin ", "realm:admin", "admin,editor"])(
    "do not take %j for admin",
    (near) => {
      expect(effectOf(role("admin"), createPrincipal({ subject: "a", roles: [near] }))).toBe(
        "deny",
      );
      expect(effectOf(scope("admin"), createPrincipal({ subject: "a", scopes: [near] }))).toBe(
        "deny",
      );
    },
  );

  it("are undecided about names that may be in a list nobody could read, also under not", () => {
    const principal = assemblePrincipal({
      ...somebody,
      roles: ["viewer"],
      undetermined: ["roles", "scopes"],
    });
    expect(effectOf(role("admin"), principal)).toBe("indeterminate");
    expect(effectOf(not(role("suspended")), principal)).toBe("indeterminate");
    expect(effectOf(role("viewer"), principal)).toBe("allow");
    expect(effectOf(scope("a"), principal)).toBe("indeterminate");
    expect(effectOf(not(scope.any("a")), principal)).toBe("indeterminate");
  });

  it("take the time of the names of both, and not of their product", () => {
    const names = (prefix: string): [string, ...string[]] =>
      Array.from({ length: 2000 }, (_, index) => `${prefix}-${index}`) as [string];
    const held = names("held");
    const principal = createPrincipal({
      subject: "a",
      roles: held,
      scopes: held,
      permissions: held,
    });
    const many = names("wanted");
    const includes = vi.spyOn(Array.prototype, "includes");
    try {
      for (const rule of [role(...many), scope.any(...many), permission.any(...many)])
        expect(effectOf(rule, principal)).toBe("deny");
      for (const rule of [role(...held), scope(...held), permission(...held)])
        expect(effectOf(rule, principal)).toBe("allow");
      expect(effectOf(all(...(held.map((name) => role(name)) as [Rule])), principal)).toBe("allow");
      const long = includes.mock.contexts.filter((list) => (list as unknown[]).length > 64);
      expect(long).toEqual([]);
    } finally {
      includes.mockRestore();
    }
  });

  it("see what is added to a list that is not frozen", () => {
    const roles = Array.from({ length: 100 }, (_, index) => `r${index}`);
    const principal = assemblePrincipal({ ...somebody, roles });
    expect(effectOf(not(role("suspended")), principal)).toBe("allow");
    roles.push("suspended");
    expect(effectOf(not(role("suspended")), principal)).toBe("deny");
  });

  it("do not mix: a scope is no role, a group or a permission is neither", () => {
    const principal = createPrincipal({
      subject: "a",
      scopes: ["x"],
      groups: ["y"],
      permissions: ["y"],
    });
    expect(effectOf(role("x"), principal)).toBe("deny");
    expect(effectOf(any(role("y"), scope("y")), principal)).toBe("deny");
  });
});

describe("the scopes that a refusal names", () => {
  function neededBy(
    rule: Rule,
    given: { roles?: string[]; scopes?: string[] } = {},
  ): readonly string[] | undefined {
    const verdict = verdictOf(rule, createPrincipal({ subject: "alice", ...given }));
    return verdict.remedies?.[0]?.scopes;
  }

  it.each<[string, Rule, { roles?: string[]; scopes?: string[] }, readonly string[] | undefined]>([
    ["all scopes of a rule, those held included", scope("a", "b"), { scopes: ["a"] }, ["a", "b"]],
    ["the first of several that would do", scope.any("a", "b"), {}, ["a"]],
    ["those of all rules together", all(scope("a"), scope("b", "a")), {}, ["a", "b"]],
    ["nothing for a missing role", role("x"), {}, undefined],
    ["nothing when a role is missing as well", all(scope("a"), role("x")), {}, undefined],
    ["the scopes when the role is there", all(scope("a"), role("x")), { roles: ["x"] }, ["a"]],
    ["nothing when a role would do as well", any(scope("a"), role("x")), {}, undefined],
    [
      "the first when every way asks for scopes",
      any(scope("a"), all(scope("b"), scope("c"))),
      {},
      ["a"],
    ],
    [
      "the way that is open already",
      all(any(scope("a"), scope("b")), scope("c")),
      { scopes: ["b"] },
      ["b", "c"],
    ],
    [
      "the way that a rule of the app's own has a part in",
      all(any(scope("a"), asking("deny", false)), scope("b")),
      { scopes: ["a"] },
      ["a", "b"],
    ],
    ["nothing for a role that must not be there", not(role("x")), { roles: ["x"] }, undefined],
    ["the scopes when what must not be there is not", all(scope("a"), not(role("x"))), {}, ["a"]],
  ])("are %s", (_what, rule, given, expected) => {
    expect(neededBy(rule, given)).toEqual(expected);
  });

  it("turn a refusal into a yes, once the token grants them", () => {
    const name = fc.constantFrom("a", "b", "c");
    const list = fc.uniqueArray(name, { minLength: 1, maxLength: 2 }) as fc.Arbitrary<
      [string, ...string[]]
    >;
    const { rule: rules } = fc.letrec<{ rule: Rule; leaf: Rule }>((tie) => ({
      rule: fc.oneof(
        { depthSize: "small" },
        tie("leaf"),
        fc
          .array(tie("rule"), { minLength: 1, maxLength: 3 })
          .chain((parts) => fc.constantFrom(all(...(parts as [Rule])), any(...(parts as [Rule])))),
      ),
      leaf: fc.oneof(
        list.map((one) => scope(...one)),
        list.map((one) => scope.any(...one)),
        name.map((one) => role(one)),
        name.map((one) => not(role(one))),
      ),
    }));
    fc.assert(
      fc.property(
        rules,
        fc.subarray(["a", "b", "c"]),
        fc.subarray(["a", "b", "c"]),
        (rule, roles, scopes) => {
          const before = createPrincipal({ subject: "alice", roles, scopes });
          fc.pre(effectOf(rule, before) === "deny");
          for (const { scopes: needed } of verdictOf(rule, before).remedies ?? []) {
            expect(needed.length).toBeGreaterThan(0);
            const after = { subject: "alice", roles, scopes: [...scopes, ...needed] };
            expect(effectOf(rule, createPrincipal(after))).toBe("allow");
          }
        },
      ),
      { numRuns: 2000 },
    );
  });
});

describe("a rule", () => {
  let other: typeof import("../rule/rule.js");
  beforeAll(async () => {
    vi.resetModules();
    other = await import("../rule/rule.js");
  });

  it("says in words what it demands", () => {
    const rule = all(
      any(role("admin", "editor"), scope("a", "b")),
      not(role("guest")),
      scope.any("c", "d"),
    );
    expect(rule.description).toBe(
      "all(any(role(admin, editor), scope(a, b)), not(role(guest)), scope.any(c, d))",
    );
  });

  it("is frozen, so that nobody changes it for the other routes that use it", () => {
    const rule = role("admin");
    expect(Object.isFrozen(rule) && Object.isFrozen(logicOf(rule))).toBe(true);
  });

  it.each<[string, unknown]>([
    ["answers under other names", { evaluate: () => "allow", neededScopes: () => [] }],
    ["inherits what it answers with", Object.create({ judge: () => ALLOW })],
    ["answers with no function", { judge: true }],
    ["answers not at all", null],
  ])("is not one of another version that %s", (_what, logic) => {
    const foreign = { description: "x", [Symbol.for("express-secure-api.rule/1")]: logic };
    expect(isRule(foreign)).toBe(false);
    for (const create of [not, all, any, authorize] as ((rule: never) => unknown)[])
      expect(() => create(foreign as never)).toThrow("made by another version of this library");
  });

  it.each(["permit", "Allow", true, 1, null, undefined, {}])(
    "of another version that says %j is no yes, however it is combined",
    (effect) => {
      const foreign = createRule("foreign", {
        isPure: true,
        needsObject: false,
        allowed: undefined,
        judge: () => ({ ...UNDECIDED, effect: effect as Effect }),
      });
      const yes = constant("allow");
      for (const rule of [foreign, not(foreign), all(foreign), any(foreign), not(all(foreign))])
        for (const one of [rule, not(any(rule)), all(yes, rule), all(rule, yes), not(not(rule))])
          expect(effectOf(one)).not.toBe("allow");
    },
  );

  it("that answers later is not taken for a yes because of a polluted Object.prototype", async () => {
    const prototype = Object.prototype as { effect?: string };
    prototype.effect = "allow";
    try {
      const no = asking("deny", true);
      for (const rule of [no, not(not(no)), all(no), any(no)])
        expect((await judged(rule)).effect).toBe("deny");
      expect(isVerdict(judged(all(no)))).toBe(false);
    } finally {
      delete prototype.effect;
    }
  });

  it("works between installed copies", () => {
    expect(other.isRule(role("admin"))).toBe(true);
  });

  it.each<[string, unknown]>([
    ["its description alone", { description: "role(admin)" }],
    ["something that inherits from one", Object.create(role("admin"))],
    ["parsed JSON", JSON.parse(JSON.stringify(role("admin")))],
    ["null", null],
    ["a string", "admin"],
    ["a function", () => "allow"],
  ])("is not %s", (_what, value) => {
    expect(isRule(value)).toBe(false);
  });
});

describe("rules that are wrong", () => {
  const unset: string | undefined = undefined;
  it.each<[string, () => unknown, string]>([
    [
      "no role",
      () => role(...([] as unknown as ["a"])),
      "role.roles must have at least one entry, got none",
    ],
    [
      "a missing environment variable",
      () => role("a", unset as never),
      "role.roles[1] must be a non-empty string, got undefined: is an environment variable missing?",
    ],
    [
      "an empty role",
      () => role(""),
      "role.roles[0] must be a non-empty string, got an empty string",
    ],
    [
      "a role with white space around it",
      () => role(" admin"),
      "role.roles[0] must not start or end with white space",
    ],
    [
      "a repeated role",
      () => role("a", "b", "a"),
      "role.roles[2] must not repeat an earlier entry",
    ],
    [
      "a list of roles",
      () => role(["a", "b"] as never),
      'role.roles[0] must be a non-empty string, got a list of 2: write "a", "b" without brackets',
    ],
    ["a number", () => role(5 as never), "role.roles[0] must be a non-empty string, got 5"],
    ["null", () => role(null as never), "role.roles[0] must be a non-empty string, got null"],
    [
      "options",
      () => role("a", { mode: "report" } as never),
      "role.roles[1] must be a non-empty string, got an object",
    ],
    [
      "several scopes in one string",
      () => scope("orders:read orders:write"),
      'scope.scopes[0] must be one scope without white space: write several as "a", "b"',
    ],
    [
      "a scope with a quotation mark",
      () => scope('a"b'),
      'scope.scopes[0] must be of printable ASCII characters except " and \\ (RFC 6749 §3.3)',
    ],
    ["a scope with a backslash", () => scope("a\\b"), "scope.scopes[0] must be of printable ASCII"],
    ["a scope beyond ASCII", () => scope("zürich"), "scope.scopes[0] must be of printable ASCII"],
    [
      "a scope with a control character",
      () => scope("a\u0007"),
      "scope.scopes[0] must be of printable ASCII",
    ],
    [
      "no scope",
      () => scope.any(...([] as unknown as ["a"])),
      "scope.any.scopes must have at least one entry, got none",
    ],
    [
      "an empty all",
      () => all(...([] as unknown as [Rule])),
      "all.rules must have at least one entry, got none",
    ],
    [
      "an empty any",
      () => any(...([] as unknown as [Rule])),
      "any.rules must have at least one entry, got none",
    ],
    [
      "a string as a rule",
      () => any("admin" as never, role("a")),
      'any.rules[0] must be a rule such as role("admin"), got a string of 5 characters',
    ],
    [
      "a list of rules",
      () => all([role("a")] as never),
      'all.rules[0] must be a rule such as role("admin"), got a list of 1: write the rules without brackets',
    ],
    [
      "a guard as a rule",
      () => all(requireRole("a") as never),
      "got a function: a guard is no rule, write role(…) in place of requireRole(…)",
    ],
    [
      "a function as a rule",
      () => all((() => true) as never),
      'got a function: write when("own record", …) around it',
    ],
    [
      "undefined as a rule",
      () => not(unset as never),
      'not.rule must be a rule such as role("admin"), got undefined',
    ],
  ])("are refused at start-up: %s", (_what, create, problem) => {
    expect(create).toThrow(
      expect.objectContaining({ name: "OptionsError", message: expect.stringContaining(problem) }),
    );
  });

  it("report all problems at once", () => {
    expect(() => role("", "a", "a")).toThrow(/^2 options are wrong:/);
  });
});
