import { ProblemList } from "../../core/options/problem-list.js";
import { assertNotMounted } from "../../core/options/uncalled-factory.js";
import { holds } from "../rule/held-names.js";
import { readRoles } from "../rule/read-names.js";
import { createPureRule, type Rule } from "../rule/rule.js";
import { ALLOW, denying, UNDECIDED } from "../rule/verdict.js";

/** No scope makes up for a role. */
const MISSING = denying("missing_role");

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
  return createPureRule(
    `role(${anyOf.join(", ")})`,
    ALLOW,
    ({ roles, undetermined }) => {
      for (const name of anyOf) if (holds(roles, name)) return ALLOW;
      return undetermined.includes("roles") ? UNDECIDED : MISSING;
    },
    { type: "role", names: anyOf, match: "any" },
  );
}
