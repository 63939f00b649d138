import { ProblemList } from "../../core/options/problem-list.js";
import { assertNotMounted } from "../../core/options/uncalled-factory.js";
import { readRoles } from "./read-names.js";
import { createRule, type Rule } from "./rule.js";

/**
 * The rule that the caller has at least one of the roles.
 *
 * Names are compared as they stand: letter case counts, and there are no wildcards and no role above all others.
 *
 * @throws {@link OptionsError} when there is no role, or one is no non-empty string or repeated.
 */
export function role(...anyOf: [string, ...string[]]): Rule {
  assertNotMounted("role", anyOf[0], 'authorize(role("admin"))');
  const problems = new ProblemList();
  const roles = readRoles(problems, "role", anyOf);
  problems.finish();
  return roleRule(roles);
}

/** The rule for names that were checked before. */
export function roleRule(anyOf: readonly string[]): Rule {
  function hasOne(held: readonly string[]): boolean {
    for (const name of anyOf) if (held.includes(name)) return true;
    return false;
  }
  return createRule(`role(${anyOf.join(", ")})`, {
    denial: "missing_role",
    evaluate: (principal) => (hasOne(principal.roles) ? "allow" : "deny"),
    // No scope makes up for a role.
    neededScopes: (principal) => (hasOne(principal.roles) ? [] : undefined),
  });
}
