import type { Request } from "express";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cpuTimeOf } from "../../../test/support/cpu-time.js";
import { createPrincipal, type Principal } from "../../core/principal/principal.js";
import { all, any, not, role, scope, stepUp, when } from "../index.js";
import type { Remedy } from "../rule/remedy.js";
import { logicOf, type Rule } from "../rule/rule.js";
import type { Verdict } from "../rule/verdict.js";
import { findRemedy } from "./find-remedy.js";

const req = {} as Request;
const now = (): number => Date.now() / 1000;

interface Token {
  readonly scopes: readonly string[];
  readonly acr: string | undefined;
  readonly isFresh: boolean;
  readonly roles?: readonly string[];
}

function callerWith({ scopes, acr, isFresh, roles = [] }: Token): Principal {
  const authTime = isFresh ? now() : now() - 9999;
  return createPrincipal({ subject: "alice", scopes, acr, authTime, roles });
}

function judged(rule: Rule, principal: Principal): Verdict {
  return logicOf(rule).judge(principal, req, undefined) as Verdict;
}

function remedyFor(rule: Rule, principal: Principal): Remedy | undefined {
  return findRemedy(judged(rule, principal).remedies, logicOf(rule), principal, req);
}

/** The token of a client that has done what the challenge says. */
function after({ scopes, stepUp: login }: Remedy, before: Token, acr: string | undefined): Token {
  return {
    ...before,
    scopes: [...before.scopes, ...scopes],
    acr: acr ?? before.acr,
    isFresh: before.isFresh || login?.maxAge !== undefined,
  };
}

const SCOPES = ["a", "b", "c"];
const CLASSES = ["1", "2", "3"];
const token: fc.Arbitrary<Token> = fc.record({
  scopes: fc.subarray(SCOPES),
  acr: fc.constantFrom(undefined, ...CLASSES),
  isFresh: fc.boolean(),
  roles: fc.subarray(["x"]),
});

const some = (names: readonly string[]): fc.Arbitrary<[string, ...string[]]> =>
  fc.subarray([...names], { minLength: 1, maxLength: 2 }) as fc.Arbitrary<[string, ...string[]]>;
const scopes = fc.oneof(
  some(SCOPES).map((names) => scope(...names)),
  some(SCOPES).map((names) => scope.any(...names)),
);
const logins = fc.oneof(
  some(CLASSES).map((acr) => stepUp({ acr })),
  fc.constant(stepUp({ maxAge: "5m" })),
);
const roles = fc.constant(role("x"));

function rulesOf(leaf: fc.Arbitrary<Rule>, isMonotone: boolean): fc.Arbitrary<Rule> {
  return fc.letrec<{ rule: Rule }>((tie) => ({
    rule: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      leaf,
      fc
        .array(tie("rule"), { minLength: 1, maxLength: 3 })
        .chain((parts) => fc.constantFrom(all(...(parts as [Rule])), any(...(parts as [Rule])))),
      isMonotone ? leaf : tie("rule").map((rule) => not(rule)),
    ),
  })).rule;
}

describe("what a challenge names", () => {
  it("is enough, for any rule of names, logins and what must not be", () => {
    let named = 0;
    const rules = rulesOf(fc.oneof(scopes, logins, roles), false);
    const property = fc.property(rules, token, (rule, before) => {
      const principal = callerWith(before);
      if (judged(rule, principal).effect !== "deny") return;
      const remedy = remedyFor(rule, principal);
      if (remedy === undefined) return;
      named += 1;
      for (const acr of remedy.stepUp?.acrValues ?? [undefined])
        expect(judged(rule, callerWith(after(remedy, before, acr))).effect).toBe("allow");
    });
    fc.assert(property, { numRuns: 5000 });
    expect(named).toBeGreaterThan(500);
  });

  it("is missing only where no token would do, for rules of scopes and logins without not", () => {
    const tokens = [true, false].flatMap((isFresh) =>
      [undefined, ...CLASSES].flatMap((acr) =>
        [[], ["a"], ["b"], ["c"], ["a", "b"], ["a", "c"], ["b", "c"], SCOPES].map((held) =>
          callerWith({ scopes: held, acr, isFresh }),
        ),
      ),
    );
    const rules = rulesOf(fc.oneof(scopes, logins), true);
    // A class that another login replaces may be one that a part of the rule holds by: that is no matter of further names.
    const property = fc.property(rules, token, (rule, before) => {
      const principal = callerWith({ ...before, acr: undefined });
      fc.pre(judged(rule, principal).effect === "deny");
      const isPossible = tokens.some((one) => judged(rule, one).effect === "allow");
      expect(remedyFor(rule, principal) !== undefined).toBe(isPossible);
    });
    fc.assert(property, { numRuns: 3000 });
  });

  it("asks no function of the app again", () => {
    let asked = 0;
    const counting = when("counting", () => {
      asked += 1;
      return true;
    });
    const rule = all(counting, any(scope("a"), all(scope("b"), counting)));
    const principal = callerWith({ scopes: [], acr: undefined, isFresh: true });
    expect(remedyFor(rule, principal)?.scopes).toEqual(["a"]);
    expect(asked).toBe(1);
  });

  it("is found in bounded time, however many ways there are", async () => {
    const way = (index: number): Rule => any(scope(`a${index}`), scope(`b${index}`));
    const ways = Array.from({ length: 200 }, (_, index) => way(index)) as [Rule];
    const principal = callerWith({ scopes: [], acr: undefined, isFresh: true });
    const work = await cpuTimeOf(() => {
      expect(remedyFor(all(...ways), principal)?.scopes).toHaveLength(200);
      expect(remedyFor(any(...ways), principal)?.scopes).toEqual(["a0"]);
    });
    expect(work).toBeLessThan(2000);
  });
});
