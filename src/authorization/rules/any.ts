import { ProblemList } from "../../core/options/problem-list.js";
import { assertNotMounted } from "../../core/options/uncalled-factory.js";
import { readRules } from "./read-rules.js";
import { createRule, type Effect, logicOf, type Rule } from "./rule.js";

/**
 * The rule that at least one of the rules holds.
 *
 * A refusal names missing scopes only when every one of the rules asks for scopes; then those of the first one.
 *
 * @throws {@link OptionsError} when there is no rule, or something else stands in its place.
 */
export function any(...rules: [Rule, ...Rule[]]): Rule {
  assertNotMounted("any", rules[0], 'authorize(any(role("admin"), scope("orders:write")))');
  const problems = new ProblemList();
  const parts = readRules(problems, "any", rules).map(logicOf);
  problems.finish();

  return createRule(`any(${rules.map((rule) => rule.description).join(", ")})`, {
    denial: "rule_denied",
    evaluate(principal) {
      let effect: Effect = "deny";
      for (const part of parts) {
        const one = part.evaluate(principal);
        if (one === "allow") return "allow";
        if (one === "indeterminate") effect = one;
      }
      return effect;
    },
    neededScopes(principal) {
      const satisfied = parts.find((part) => part.evaluate(principal) === "allow");
      if (satisfied !== undefined) return satisfied.neededScopes(principal);
      const needed = parts.map((part) => part.neededScopes(principal));
      return needed.includes(undefined) ? undefined : needed[0];
    },
  });
}
