import { createPureRule, type Rule } from "../rule/rule.js";
import { ALLOW, denying, UNDECIDED } from "../rule/verdict.js";

type Sets = ReadonlyMap<string, ReadonlySet<string>>;

const NO_ROLE = denying("missing_role");
const NO_PERMISSION = denying("missing_permission");

/**
 * The rule that the caller has at least one of the roles, or one that implies it.
 *
 * @param implying - For each role, all that imply it, itself included.
 */
export function impliedRoleRule(anyOf: readonly string[], implying: Sets): Rule {
  const accepted = new Set(anyOf.flatMap((name) => [...(implying.get(name) ?? [])]));
  return createPureRule(`role(${anyOf.join(", ")})`, ALLOW, ({ roles, undetermined }) => {
    for (const name of roles) if (accepted.has(name)) return ALLOW;
    return undetermined.includes("roles") ? UNDECIDED : NO_ROLE;
  });
}

/**
 * The rule that the caller has each of the permissions, or a role that grants it.
 *
 * @param granting - For each permission, all roles that grant it.
 */
export function grantedPermissionRule(allOf: readonly string[], granting: Sets): Rule {
  const wanted = allOf.map((name) => ({ name, roles: granting.get(name) }));
  return createPureRule(`permission(${allOf.join(", ")})`, ALLOW, (principal) => {
    const { roles, permissions, undetermined } = principal;
    for (const { name, roles: accepted } of wanted) {
      if (permissions.includes(name) || holdsOne(roles, accepted)) continue;
      return undetermined.includes("permissions") || undetermined.includes("roles")
        ? UNDECIDED
        : NO_PERMISSION;
    }
    return ALLOW;
  });
}

function holdsOne(held: readonly string[], accepted: ReadonlySet<string> | undefined): boolean {
  if (accepted === undefined) return false;
  for (const name of held) if (accepted.has(name)) return true;
  return false;
}
