import { holds } from "../rule/held-names.js";
import { createPureRule, type Rule } from "../rule/rule.js";
import { ALLOW, denying, UNDECIDED } from "../rule/verdict.js";

const NO_ROLE = denying("missing_role");
const NO_PERMISSION = denying("missing_permission");

/**
 * The rule that the caller has at least one of the roles, or one that implies it.
 *
 * @param accepted - The roles, and all that imply one of them.
 */
export function impliedRoleRule(anyOf: readonly string[], accepted: ReadonlySet<string>): Rule {
  return createPureRule(
    `role(${anyOf.join(", ")})`,
    ALLOW,
    ({ roles, undetermined }) => {
      for (const name of roles) if (accepted.has(name)) return ALLOW;
      return undetermined.includes("roles") ? UNDECIDED : NO_ROLE;
    },
    { type: "role", names: anyOf, match: "any" },
  );
}

/**
 * The rule that the caller has each of the permissions, or a role that grants it.
 *
 * @param granting - All roles that grant a permission.
 */
export function grantedPermissionRule(
  allOf: readonly string[],
  granting: (permission: string) => ReadonlySet<string>,
): Rule {
  const wanted = allOf.map((name) => ({ name, roles: granting(name) }));
  return createPureRule(
    `permission(${allOf.join(", ")})`,
    ALLOW,
    (principal) => {
      const { roles, permissions, undetermined } = principal;
      for (const { name, roles: accepted } of wanted) {
        if (holds(permissions, name) || holdsOne(roles, accepted)) continue;
        return undetermined.includes("permissions") || undetermined.includes("roles")
          ? UNDECIDED
          : NO_PERMISSION;
      }
      return ALLOW;
    },
    { type: "permission", names: allOf, match: "all" },
  );
}

function holdsOne(held: readonly string[], accepted: ReadonlySet<string>): boolean {
  if (accepted.size === 0) return false;
  for (const name of held) if (accepted.has(name)) return true;
  return false;
}
