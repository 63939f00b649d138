import { ProblemList } from "../../core/options/problem-list.js";
import { assertNotMounted } from "../../core/options/uncalled-factory.js";
import type { Principal } from "../../core/principal/principal.js";
import { holds } from "../rule/held-names.js";
import { readPermissions } from "../rule/read-names.js";
import { createPureRule, type Rule } from "../rule/rule.js";
import { ALLOW, denying, UNDECIDED, type Verdict } from "../rule/verdict.js";

/** No scope makes up for a permission. */
const MISSING = denying("missing_permission");

/**
 * The rule that the caller has all of the permissions. For at least one of them: {@link permission.any}.
 *
 * Names are compared as they stand: letter case counts, and there are no wildcards. Scopes of the token do not count.
 *
 * @throws {@link OptionsError} when there is no permission, or one is no non-empty string or repeated.
 */
export function permission(...allOf: [string, ...string[]]): Rule {
  assertNotMounted("permission", allOf[0], 'authorize(permission("orders:write"))');
  const problems = new ProblemList();
  const permissions = readPermissions(problems, "permission", allOf);
  problems.finish();
  return allPermissionsRule(permissions);
}

permission.any = permissionAny;

/**
 * The rule that the caller has at least one of the permissions.
 *
 * @throws {@link OptionsError} when there is no permission, or one is no non-empty string or repeated.
 */
function permissionAny(...anyOf: [string, ...string[]]): Rule {
  assertNotMounted("permission.any", anyOf[0], 'authorize(permission.any("orders:write"))');
  const problems = new ProblemList();
  const permissions = readPermissions(problems, "permission.any", anyOf);
  problems.finish();
  return anyPermissionRule(permissions);
}

/** The rule for names that were checked before. */
export function allPermissionsRule(allOf: readonly string[]): Rule {
  return createPureRule(
    `permission(${allOf.join(", ")})`,
    ALLOW,
    (principal) => {
      for (const name of allOf) if (!holds(principal.permissions, name)) return without(principal);
      return ALLOW;
    },
    { type: "permission", names: allOf, match: "all" },
  );
}

/** The rule for names that were checked before. */
export function anyPermissionRule(anyOf: readonly string[]): Rule {
  return createPureRule(
    `permission.any(${anyOf.join(", ")})`,
    ALLOW,
    (principal) => {
      for (const name of anyOf) if (holds(principal.permissions, name)) return ALLOW;
      return without(principal);
    },
    { type: "permission", names: anyOf, match: "any" },
  );
}

function without({ undetermined }: Principal): Verdict {
  return undetermined.includes("permissions") ? UNDECIDED : MISSING;
}
