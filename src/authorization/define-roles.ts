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

type Definitions = ReadonlyMap<string, Definition>;
type Lists = ReadonlyMap<string, readonly string[]>;

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
/** Each looks at all roles of the table. */
const MAX_GUESSES = 20;
const ROW = '{ permissions: "orders:read" }';
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
 * All is resolved when a rule is made: at a request names are looked up in sets. Roles of a caller that the table does not have count
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
  checkIncludes(problems, definitions);
  problems.finish();

  const includedBy = includersOf(definitions);
  const grantedBy = grantersOf(definitions);
  const known = [...definitions.keys()];
  const implying = (names: readonly string[]) => withIncluders(names, includedBy);

  function roleRuleFor(names: ProblemList, path: string, roles: readonly unknown[]): () => Rule {
    const wanted = readRoles(names, path, roles);
    for (const name of wanted) {
      if (definitions.has(name)) continue;
      const meant = closest(name, known);
      const fix = meant === undefined ? "" : `: did you mean "${meant}"?`;
      names.note(`${path}.roles`, `must name roles that defineRoles has${fix}`);
    }
    return () => impliedRoleRule(wanted, implying(wanted));
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
    return () => grantedPermissionRule(wanted, (name) => implying(grantedBy.get(name) ?? []));
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

function readTable(problems: ProblemList, table: unknown): Definitions {
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
    const reader = rows.nested<RoleDefinition>(name, table[name], KEYS, ROLE_HINTS, ROW);
    definitions.set(name, {
      includes: reader.strings("includes") ?? [],
      permissions: reader.strings("permissions") ?? [],
    });
  }
  return definitions;
}

/** Roles that are unknown, and circles, are problems. */
function checkIncludes(problems: ProblemList, definitions: Definitions): void {
  const circular = new Set(rolesInCircles(definitions));
  let guesses = 0;
  for (const [name, { includes }] of definitions) {
    const path = `defineRoles.${name}.includes`;
    for (const other of includes) {
      if (definitions.has(other)) continue;
      guesses += 1;
      const meant = guesses > MAX_GUESSES ? undefined : closest(other, definitions.keys());
      const fix =
        meant === undefined ? "give that role a member of its own" : `did you mean "${meant}"?`;
      problems.note(path, `must name roles that are defined here: ${fix}`);
    }
    if (circular.has(name)) problems.note(path, "must not lead back to the role itself");
  }
}

/** The roles that lead back to themselves. Where there is none, each include is looked at once. */
function rolesInCircles(definitions: Definitions): readonly string[] {
  const includedBy = includersOf(definitions);
  const open = new Map<string, number>();
  const done: string[] = [];
  for (const [name, { includes }] of definitions) {
    const count = includes.filter((other) => definitions.has(other)).length;
    open.set(name, count);
    if (count === 0) done.push(name);
  }
  // A list that grows while it is walked: a role is done when all that it includes are.
  for (const name of done) {
    for (const other of includedBy.get(name) ?? []) {
      const count = (open.get(other) ?? 0) - 1;
      open.set(other, count);
      if (count === 0) done.push(other);
    }
  }
  for (const name of done) open.delete(name);
  // What is left is in a circle, or leads to one.
  return [...open.keys()].filter((name) =>
    withIncluders(includedBy.get(name) ?? [], includedBy).has(name),
  );
}

/** For each role, those that include it by themselves. */
function includersOf(definitions: Definitions): Lists {
  const lists = new Map<string, string[]>();
  for (const [name, { includes }] of definitions)
    for (const other of includes) add(lists, other, name);
  return lists;
}

/** For each permission, the roles that grant it by themselves. */
function grantersOf(definitions: Definitions): Lists {
  const lists = new Map<string, string[]>();
  for (const [name, { permissions }] of definitions)
    for (const permission of permissions) add(lists, permission, name);
  return lists;
}

/**
 * The roles, with all that include one of them. It is found for each rule, and not for all roles in advance: of a thousand that
 * include one another in a row, that would be half a million pairs.
 */
function withIncluders(names: readonly string[], includedBy: Lists): ReadonlySet<string> {
  const found = new Set(names);
  // A set that grows while it is walked: each role is visited once.
  for (const name of found) for (const other of includedBy.get(name) ?? []) found.add(other);
  return found;
}

function add(lists: Map<string, string[]>, key: string, value: string): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [value]);
  else list.push(value);
}
