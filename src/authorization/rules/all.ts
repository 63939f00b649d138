import { ProblemList } from "../../core/options/problem-list.js";
import { assertNotMounted } from "../../core/options/uncalled-factory.js";
import type { Principal } from "../../core/principal/principal.js";
import { readRules } from "./read-rules.js";
import { createRule, type Effect, logicOf, type Rule } from "./rule.js";

/**
 * The rule that all of the rules hold.
 *
 * @throws {@link OptionsError} when there is no rule, or something else stands in its place.
 */
export function all(...rules: [Rule, ...Rule[]]): Rule {
  assertNotMounted("all", rules[0], 'authorize(all(role("admin"), scope("orders:write")))');
  const problems = new ProblemList();
  const parts = readRules(problems, "all", rules).map(logicOf);
  problems.finish();

  return createRule(`all(${rules.map((rule) => rule.description).join(", ")})`, {
    denial: "rule_denied",
    evaluate(principal) {
      let effect: Effect = "allow";
      for (const part of parts) {
        const one = part.evaluate(principal);
        if (one === "deny") return "deny";
        if (one === "indeterminate") effect = one;
      }
      return effect;
    },
    neededScopes: (principal: Principal) => {
      const needed = new Set<string>();
      for (const part of parts) {
        const scopes = part.neededScopes(principal);
        if (scopes === undefined) return undefined;
        for (const name of scopes) needed.add(name);
      }
      return [...needed];
    },
  });
}
