import type { Middleware } from "../core/guard/middleware.js";
import type { Hints, OptionKeys } from "../core/options/option-types.js";
import { OptionsReader } from "../core/options/options-reader.js";
import { ProblemList } from "../core/options/problem-list.js";
import { closest } from "../core/options/spelling.js";
import { assertCalled, assertNotMounted } from "../core/options/uncalled-factory.js";
import { describeValue, isPlainObject, nameFault } from "../core/options/value.js";
import { createAuthorization } from "./guard/create-authorization.js";
import {
  openRequireOptions,
  type RequireOptions,
  readRequireOptions,
  splitOptions,
} from "./guard/require-options.js";
import { readPermissions, readRoles } from "./rule/read-names.js";
import type { Rule } from "./rule/rule.js";
import { grantedPermissionRule, impliedRoleRule } from "./rules/role-table.js";

/** What a role means. */
export interface RoleDefinition {
  /** Roles that whoever has this one has as well, with all that they include. @default none */
  readonly includes?: string | readonly string[] | undefined;
  /** Permissions that it grants. @default none */
  readonly permissions?: string | readonly string[] | undefined;
}

/** Rules and guards that know what each role includes and grants. */
export interface Roles<Name extends string> {
  /** As `role`, of callers who have one of the roles or one that includes it. */
  role(...anyOf: [Name, ...Name[]]): Rule;
  /** As `requireRole`. */
  requireRole(
    ...args:
      | [role: Name, ...roles: Name[]]
      | [role: Name, ...rolesAndOptions: [...Name[], RequireOptions]]
  ): Middleware;
  /** As `permission`, of callers who have each permission themselves or by one of their roles. */
  permission(...allOf: [string, ...string[]]): Rule;
  /** As `requirePermission`. */
  requirePermission(
    ...args:
      | [permission: string, ...permissions: string[]]
      | [permission: string, ...permissionsAndOptions: [...string[], RequireOptions]]
  ): Middleware;
}

interface Definition {
  readonly includes: readonly string[];
  readonly permissions: readonly string[];
}

const KEYS: OptionKeys<RoleDefinition> = {
  includes: "neverUndefined",
  permissions: "neverUndefined",
};
/** What other packages call them. */
export const ROLE_HINTS: Hints<RoleDefinition> = {
  extends: "includes",
  inherits: "includes",
  implies: "includes",
  grants: "permissions",
  can: "permissions",
};
const EXAMPLE =
  'defineRoles({ viewer: { permissions: "orders:read" }, admin: { includes: "viewer" } })';

/**
 * Says what each role of the app includes and grants, once, and makes rules and guards that know it:
 *
 * ```ts
 * const { requireRole, requirePermission } = defineRoles({
 *   viewer: { permissions: ["orders:read"] },
 *   editor: { includes: "viewer", permissions: ["orders:write"] },
 *   admin: { includes: "editor" },
 * });
 * ```
 *
 * All is resolved here: at a request names are looked up in sets. Roles of a caller that the table does not have count
 * for nothing, and no role stands above all others. A role that the table does not have, in `requireRole("editr")`, is an
 * error at start-up, and does not compile.
 *
 * @throws {@link OptionsError} when a role includes one that is not there, or itself, or a definition is wrong.
 */
export function defineRoles<Table extends Readonly<Record<string, RoleDefinition>>>(
  table: Table,
): Roles<keyof Table & string> {
  assertNotMounted("defineRoles", table, 'defineRoles({ admin: {} }).requireRole("admin")');
  const problems = new ProblemList();
  const definitions = readTable(problems, table);
  const closures = closuresOf(problems, definitions);
  problems.finish();

  const implying = invert(closures);
  const granting = invertPermissions(definitions, closures);
  const known = [...definitions.keys()];

  function roleRuleFor(names: ProblemList, path: string, roles: readonly unknown[]): () => Rule {
    const wanted = readRoles(names, path, roles);
    for (const name of wanted) {
      if (definitions.has(name)) continue;
      const meant = closest(name, known);
      const fix = meant === undefined ? "" : `: did you mean "${meant}"?`;
      names.note(`${path}.roles`, `must name roles that defineRoles has${fix}`);
    }
    return () => impliedRoleRule(wanted, implying);
  }

  function guardFor(
    factory: "requireRole" | "requirePermission",
    args: readonly unknown[],
    call: string,
    ruleFor: (names: ProblemList, path: string, given: readonly unknown[]) => () => Rule,
  ): Middleware {
    const { names, options } = splitOptions(args);
    const reader = openRequireOptions(factory, args[0], options, call);
    const makeRule = ruleFor(reader.problems, factory, names);
    const checked = readRequireOptions(reader);
    reader.finish();
    return createAuthorization(factory, makeRule(), checked);
  }

  function permissionRuleFor(
    names: ProblemList,
    path: string,
    given: readonly unknown[],
  ): () => Rule {
    const wanted = readPermissions(names, path, given);
    return () => grantedPermissionRule(wanted, granting);
  }

  return Object.freeze({
    role: (...anyOf: readonly string[]) => ruleOf("role", anyOf, roleRuleFor),
    requireRole: (...args: readonly unknown[]) =>
      guardFor("requireRole", args, 'requireRole("admin")', roleRuleFor),
    permission: (...allOf: readonly string[]) => ruleOf("permission", allOf, permissionRuleFor),
    requirePermission: (...args: readonly unknown[]) =>
      guardFor("requirePermission", args, 'requirePermission("orders:write")', permissionRuleFor),
  });
}

function ruleOf(
  path: string,
  given: readonly unknown[],
  ruleFor: (names: ProblemList, path: string, given: readonly unknown[]) => () => Rule,
): Rule {
  assertCalled(path, given[0], `authorize(${path}(…))`);
  const problems = new ProblemList();
  const makeRule = ruleFor(problems, path, given);
  problems.finish();
  return makeRule();
}

function readTable(problems: ProblemList, table: unknown): ReadonlyMap<string, Definition> {
  const definitions = new Map<string, Definition>();
  if (!isPlainObject(table) || Object.keys(table).length === 0) {
    problems.note(
      "defineRoles",
      `must be an object with a member for each role, got ${describeValue(table)}: write ${EXAMPLE}`,
    );
    return definitions;
  }
  const rows = new OptionsReader<string>("defineRoles", {}, {}, {}, problems);
  for (const name of Object.keys(table)) {
    const path = `defineRoles.${name}`;
    const fault = name === "" ? "must have a name" : nameFault(name);
    if (fault !== undefined) problems.note(path, fault);
    const reader = rows.nested<RoleDefinition>(name, table[name], KEYS, ROLE_HINTS);
    definitions.set(name, {
      includes: reader.strings("includes") ?? [],
      permissions: reader.strings("permissions") ?? [],
    });
  }
  return definitions;
}

/** For each role, all that it includes, itself first. Roles that are unknown, and circles, are problems. */
function closuresOf(
  problems: ProblemList,
  definitions: ReadonlyMap<string, Definition>,
): ReadonlyMap<string, ReadonlySet<string>> {
  const closures = new Map<string, ReadonlySet<string>>();
  for (const [name, { includes }] of definitions) {
    const path = `defineRoles.${name}.includes`;
    for (const other of includes) {
      if (definitions.has(other)) continue;
      const meant = closest(other, definitions.keys());
      const fix =
        meant === undefined ? "give that role a member of its own" : `did you mean "${meant}"?`;
      problems.note(path, `must name roles that are defined here: ${fix}`);
    }
    const closure = new Set([name]);
    // A set that grows while it is walked: each role is visited once.
    for (const member of closure) {
      for (const other of definitions.get(member)?.includes ?? []) {
        if (other === name) problems.note(path, "must not lead back to the role itself");
        closure.add(other);
      }
    }
    closures.set(name, closure);
  }
  return closures;
}

/** For each role, all that imply it. */
function invert(
  closures: ReadonlyMap<string, ReadonlySet<string>>,
): ReadonlyMap<string, ReadonlySet<string>> {
  const implying = new Map<string, Set<string>>();
  for (const [name, closure] of closures) {
    for (const member of closure) add(implying, member, name);
  }
  return implying;
}

/** For each permission, all roles that grant it, by themselves or by what they include. */
function invertPermissions(
  definitions: ReadonlyMap<string, Definition>,
  closures: ReadonlyMap<string, ReadonlySet<string>>,
): ReadonlyMap<string, ReadonlySet<string>> {
  const granting = new Map<string, Set<string>>();
  for (const [name, closure] of closures) {
    for (const member of closure) {
      for (const permission of definitions.get(member)?.permissions ?? []) {
        add(granting, permission, name);
      }
    }
  }
  return granting;
}

function add(sets: Map<string, Set<string>>, key: string, value: string): void {
  const set = sets.get(key);
  if (set === undefined) sets.set(key, new Set([value]));
  else set.add(value);
}
