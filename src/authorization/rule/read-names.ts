import type { ProblemList } from "../../core/options/problem-list.js";
import { describeValue, nameFault, unsetFault } from "../../core/options/value.js";

/** What is wrong with one name, or `undefined`. */
type NameCheck = (name: string) => string | undefined;

/** scope-token of RFC 6749 §3.3. */
const SCOPE_TOKEN = /^[\x21\x23-\x5b\x5d-\x7e]+$/;

/** Checks role names that stand in the arguments of a factory, and returns a copy. */
export function readRoles(
  problems: ProblemList,
  factory: string,
  roles: readonly unknown[],
): readonly string[] {
  return readNames(problems, `${factory}.roles`, roles, nameFault);
}

/** Checks names of permissions that stand in the arguments of a factory, and returns a copy. */
export function readPermissions(
  problems: ProblemList,
  factory: string,
  permissions: readonly unknown[],
): readonly string[] {
  return readNames(problems, `${factory}.permissions`, permissions, nameFault);
}

/** Checks scope names that stand in the arguments of a factory, and returns a copy. */
export function readScopes(
  problems: ProblemList,
  factory: string,
  scopes: readonly unknown[],
): readonly string[] {
  return readNames(problems, `${factory}.scopes`, scopes, (scope) => {
    if (SCOPE_TOKEN.test(scope)) return undefined;
    return /\s/.test(scope)
      ? 'must be one scope without white space: write several as "a", "b"'
      : 'must be of printable ASCII characters except " and \\ (RFC 6749 §3.3)';
  });
}

function readNames(
  problems: ProblemList,
  path: string,
  names: readonly unknown[],
  check: NameCheck,
): readonly string[] {
  if (names.length === 0) problems.note(path, "must have at least one entry, got none");
  problems.items(path, names).forEach(({ value, note }, index) => {
    const problem = problemOf(value, names.indexOf(value) !== index, check);
    if (problem !== undefined) note(problem);
  });
  // Not frozen: iterating over a frozen list costs twice as much, on every request.
  return names.filter((name): name is string => typeof name === "string");
}

function problemOf(name: unknown, repeated: boolean, check: NameCheck): string | undefined {
  if (typeof name !== "string" || name === "") {
    const fix =
      name === undefined
        ? ": is an environment variable missing?"
        : Array.isArray(name)
          ? ': write "a", "b" without brackets'
          : "";
    return `must be a non-empty string, got ${describeValue(name)}${fix}`;
  }
  const fault = unsetFault(name) ?? check(name);
  return repeated ? "must not repeat an earlier entry" : fault;
}
