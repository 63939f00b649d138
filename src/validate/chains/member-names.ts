import type { Issue } from "../issues/issue.js";

/**
 * Names that express-validator does not read as one segment of a path. Beside `{"user": {"email": …}}`, a member that
 * is called `user.email` is what `body("user.email")` looks at, while the handler reads the other one.
 */
const SEVERAL_SEGMENTS = /[.[\]]|^\\\*+$|^$/;

/**
 * Characters of all paths together. express-validator compares the path of each match with those of all others, so
 * this, times the limit of nodes, bounds what it compares.
 */
const MAX_PATH_CHARACTERS = 200_000;

/**
 * Looks, in one pass, for a member whose name is no path segment, and adds up the lengths of all paths. The issue is
 * that of an unknown field, since no chain can name such a member unambiguously.
 */
export function checkMemberNames(root: unknown): Issue | "too_long" | undefined {
  let characters = 0;

  /** Recursive: the value has passed the structural check, so it is not deep. */
  function visit(value: object, path: readonly string[], length: number): Issue | boolean {
    const isList = Array.isArray(value);
    for (const name of Object.keys(value)) {
      if (!isList && SEVERAL_SEGMENTS.test(name)) return { path, code: "unknown_field", name };
      const ownLength = length + name.length + 1;
      characters += ownLength;
      if (characters > MAX_PATH_CHARACTERS) return true;
      const member: unknown = (value as Readonly<Record<string, unknown>>)[name];
      if (typeof member !== "object" || member === null || ArrayBuffer.isView(member)) continue;
      const found = visit(member, [...path, name], ownLength);
      if (found !== false) return found;
    }
    return false;
  }

  if (typeof root !== "object" || root === null || ArrayBuffer.isView(root)) return undefined;
  const found = visit(root, [], 0);
  return found === true ? "too_long" : found === false ? undefined : found;
}
