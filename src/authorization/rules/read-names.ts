import { describeValue } from "../../core/options/describe-value.js";
import type { OptionsReader } from "../../core/options/options-reader.js";

/** What is wrong with one name, or `undefined`. */
type NameCheck = (name: string) => string | undefined;

/** scope-token of RFC 6749 §3.3. */
const SCOPE_TOKEN = /^[\x21\x23-\x5b\x5d-\x7e]+$/;

/** Checks role names that stand in the arguments of a factory, and returns a copy. */
export function readRoles(reader: OptionsReader, roles: readonly unknown[]): readonly string[] {
  return readNames(reader, "roles", roles, (role) =>
    role.trim() === role ? undefined : "must not start or end with white space",
  );
}

/** Checks scope names that stand in the arguments of a factory, and returns a copy. */
export function readScopes(reader: OptionsReader, scopes: readonly unknown[]): readonly string[] {
  return readNames(reader, "scopes", scopes, (scope) => {
    if (SCOPE_TOKEN.test(scope)) return undefined;
    return /\s/.test(scope)
      ? 'must be one scope without white space: write several as "a", "b"'
      : 'must be of printable ASCII characters except " and \\ (RFC 6749 §3.3)';
  });
}

function readNames(
  reader: OptionsReader,
  what: "roles" | "scopes",
  names: readonly unknown[],
  check: NameCheck,
): readonly string[] {
  if (names.length === 0) reader.note(what, "must have at least one entry, got none");
  names.forEach((name, index) => {
    const problem = problemOf(name, names.indexOf(name) !== index, check);
    if (problem !== undefined) reader.note(`${what}[${index}]`, problem);
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
  return repeated ? "must not repeat an earlier entry" : check(name);
}
