import type { Request } from "express";
import { createCall } from "../../core/calls/create-call.js";
import { wrongReturn } from "../../core/calls/user-function.js";
import type { OptionsReader } from "../../core/options/options-reader.js";
import type { OptionItem } from "../../core/options/problem-list.js";
import { describeValue, isHarmless, isPlainObject, nameFault } from "../../core/options/value.js";
import type { Principal } from "../../core/principal/principal.js";
import { type FieldPath, type FieldTree, growTree } from "./field-tree.js";

/**
 * Which members are permitted: a list for everybody; lists by role, of which `"*"` is everybody's; or a function that
 * gives the list, at once or as a promise that has 5 seconds.
 */
export type FieldRules =
  | readonly FieldPath[]
  | { readonly [role: string]: readonly FieldPath[] }
  | ((
      principal: Principal | null,
      req: Request,
    ) => readonly FieldPath[] | PromiseLike<readonly FieldPath[]>);

/** The trees that together say what is permitted to a caller; `null` is nobody. Throws, or rejects with, what failed. */
export type FieldLookup = (
  principal: Principal | null,
  req: Request,
) => readonly FieldTree[] | Promise<readonly FieldTree[]>;

const EVERYBODY = "*";
const MAX_PATHS = 1000;
const MAX_DEPTH = 16;
const EXAMPLE = '["name", ["address", "city"]], or { "*": ["name"], admin: ["name", "role"] }';

/** Reads `write` or `read`. */
export function readFieldRules<Key extends "write" | "read">(
  reader: OptionsReader<Key>,
  key: Key,
): FieldLookup | undefined {
  const rules = reader.raw(key);
  if (rules === undefined) return undefined;
  const path = `${reader.path}.${key}`;
  if (typeof rules === "function") return askFor(rules as (...given: never) => unknown, path);
  if (Array.isArray(rules)) {
    const trees = [readList(reader, path, rules)];
    return () => trees;
  }
  if (!isPlainObject(rules) || Object.keys(rules).length === 0) {
    reader.problem(key, "a list of members, lists by role, or a function", `write ${EXAMPLE}`);
    return undefined;
  }
  const byRole = new Map<string, FieldTree>();
  for (const [order, role] of Object.keys(rules).entries()) {
    // A text that is long enough for a secret in the wrong place is not printed.
    const at = isHarmless(role) ? `${path}["${role}"]` : `${path} (role ${order + 1})`;
    const fault = role === "" ? "must have a role" : nameFault(role);
    if (fault !== undefined) reader.problems.note(at, fault);
    byRole.set(role, readList(reader, at, rules[role]));
  }
  return lookUpRoles(byRole);
}

function lookUpRoles(byRole: ReadonlyMap<string, FieldTree>): FieldLookup {
  const general = byRole.get(EVERYBODY);
  const everybodys = general === undefined ? [] : [general];
  return (principal) => {
    let trees: FieldTree[] | undefined;
    for (const role of principal?.roles ?? []) {
      const tree = role === EVERYBODY ? undefined : byRole.get(role);
      if (tree === undefined) continue;
      trees ??= [...everybodys];
      trees.push(tree);
    }
    return trees ?? everybodys;
  };
}

function askFor(rules: (...given: never) => unknown, path: string): FieldLookup {
  const give = rules as (principal: Principal | null, req: Request) => unknown;
  return createCall<readonly FieldTree[], Principal | null, Request>(give, {
    option: path,
    parse(value) {
      if (!Array.isArray(value)) throw wrongReturn(path, "a list of members", value);
      const fault = value.length > MAX_PATHS ? tooMany() : firstFault(value);
      if (fault !== undefined) throw new TypeError(`${path}: each entry ${fault}`);
      return [growTree(value as readonly FieldPath[])];
    },
  });
}

function firstFault(paths: readonly unknown[]): string | undefined {
  for (const path of paths) {
    const fault = pathFault(path);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function readList(reader: OptionsReader<never>, path: string, list: unknown): FieldTree {
  if (!Array.isArray(list) || list.length === 0) {
    reader.problems.note(
      path,
      `must be a non-empty list of members, got ${describeValue(list)}: write ["name", ["address", "city"]]`,
    );
    return new Map();
  }
  if (list.length > MAX_PATHS) reader.problems.note(path, tooMany());
  const items: readonly OptionItem[] = reader.problems.items(path, list);
  const right: FieldPath[] = [];
  for (const { value, note } of items) {
    const fault = pathFault(value);
    if (fault === undefined) right.push(value as FieldPath);
    else note(fault);
  }
  return growTree(right.map((one) => (typeof one === "string" ? one : Object.freeze([...one]))));
}

function tooMany(): string {
  return `must have at most ${MAX_PATHS} entries`;
}

function pathFault(path: unknown): string | undefined {
  if (Array.isArray(path)) {
    if (path.length === 0 || path.length > MAX_DEPTH)
      return `must have from 1 to ${MAX_DEPTH} names`;
    const wrong = Array.from<unknown>(path).find((name) => typeof name !== "string" || name === "");
    return path.every((name) => typeof name === "string" && name !== "")
      ? undefined
      : `must have names, got ${describeValue(wrong)}`;
  }
  if (typeof path !== "string" || path === "") {
    return `must be the name of a member or a list of names that lead to one, got ${describeValue(path)}`;
  }
  if (path === "*" || path.startsWith("!"))
    return "must be the name of a member: there are no wildcards and no exceptions, so that new members are not permitted by themselves";
  if (/[./[\]]/.test(path))
    return 'must be a list of names where it leads into an object, as in ["address", "city"], or ["a.b"] for a name that has such a character';
  return nameFault(path);
}
