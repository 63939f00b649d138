import { ProblemList } from "../../core/options/problem-list.js";
import { checkRule } from "./read-rules.js";
import { createRule, logicOf, type Rule } from "./rule.js";

/**
 * The rule that the rule does not hold. It needs a caller who is authenticated, as every rule does: nobody passes
 * `not(role("guest"))` by leaving the token out.
 *
 * @throws {@link OptionsError} when something else stands in place of the rule.
 */
export function not(rule: Rule): Rule {
  const problems = new ProblemList();
  checkRule(problems.item("not.rule", rule));
  problems.finish();

  const { evaluate } = logicOf(rule);
  return createRule(`not(${rule.description})`, {
    denial: "rule_denied",
    evaluate(principal) {
      const effect = evaluate(principal);
      if (effect === "indeterminate") return effect;
      return effect === "allow" ? "deny" : "allow";
    },
    // Further scopes never take anything away.
    neededScopes: (principal) => (evaluate(principal) === "deny" ? [] : undefined),
  });
}
