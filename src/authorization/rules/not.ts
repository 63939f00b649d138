import { ProblemList } from "../../core/options/problem-list.js";
import { assertNotMounted } from "../../core/options/uncalled-factory.js";
import { checkRule } from "./read-rules.js";
import { createRule, logicOf, type Rule } from "./rule.js";

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
