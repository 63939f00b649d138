import { ProblemList } from "../../core/options/problem-list.js";
import { assertNotMounted } from "../../core/options/uncalled-factory.js";
import { checkRule } from "../rule/read-rules.js";
import { createRule, foreseen, logicOf, type Rule, requirementOf } from "../rule/rule.js";
import { ALLOW, denying, isVerdict, type Verdict, withPolicy } from "../rule/verdict.js";

/** Further scopes never take anything away. */
const DENIED = denying("rule_denied");

/**
 * The rule that the rule does not hold. It needs a caller who is authenticated, as every rule does: nobody passes
 * `not(role("guest"))` by leaving the token out.
 *
 * @throws {@link OptionsError} when something else stands in place of the rule, or there are several.
 */
export function not(rule: Rule): Rule;
export function not(...rules: readonly [Rule]): Rule {
  const [rule] = rules;
  assertNotMounted("not", rule, 'authorize(not(role("suspended")))');
  const problems = new ProblemList();
  checkRule(problems.item("not.rule", rule));
  // A second one would count for nothing.
  if (rules.length > 1)
    problems.note(
      "not.rule",
      "must be one rule: write not(any(…)) to refuse whoever fits one of several",
    );
  problems.finish();

  const logic = logicOf(rule);
  const { isPure, needsObject, judge } = logic;
  return createRule(`not(${rule.description})`, {
    requirement: { type: "not", of: requirementOf(rule) },
    isPure,
    needsObject,
    // A rule that is not pure may have asked an engine, which its verdict names.
    allowed: isPure ? ALLOW : undefined,
    judge(principal, req, object) {
      const verdict = judge(principal, req, object);
      return isVerdict(verdict) ? reversed(verdict) : verdict.then(reversed);
    },
    foresee: (principal, req) => reversed(foreseen(logic, principal, req)),
  });
}

function reversed(verdict: Verdict): Verdict {
  if (verdict.effect === "allow") return withPolicy(DENIED, verdict.policy);
  // A rule of another copy of the library may say what this one does not know.
  return verdict.effect === "deny" ? withPolicy(ALLOW, verdict.policy) : verdict;
}
