import type { Issue } from "./issue.js";

/** The member names that a schema has. Whether a name is in it says nothing that the client does not know. */
export type KnownNames = ReadonlySet<string>;

/** Keywords of JSON Schema, and of JSON Type Definition (RFC 8927), whose members are called as members of the value. */
const NAMING = [
  "properties",
  "optionalProperties",
  "dependentSchemas",
  "dependentRequired",
  "dependencies",
];

/** An index as it stands in a path. */
const INDEX = /^(?:0|[1-9]\d*)$/;

/**
 * The issues with paths that end above the first member that the client named: names in a map, say, can be as secret as
 * values. What the schema does not name, and what is no index of a list, the client has named.
 *
 * @param value - The value that the paths lead through.
 */
export function withoutClientNames(
  issues: readonly Issue[],
  value: unknown,
  known: KnownNames,
): readonly Issue[] {
  return issues.map((issue) => {
    let at = value;
    for (const [index, name] of issue.path.entries()) {
      if (!known.has(name) && !isIndex(at, name)) {
        return { ...issue, path: issue.path.slice(0, index), below: true, name };
      }
      at = memberOf(at, name);
    }
    return issue;
  });
}

/** The names that a JSON Schema has for members, at any depth. Cyclic objects are looked at once. */
export function namesInJsonSchema(schema: unknown, names: Set<string> = new Set()): Set<string> {
  const seen = new Set<unknown>();
  const pending = [schema];
  while (pending.length > 0) {
    const node = pending.pop();
    if (typeof node !== "object" || node === null || seen.has(node)) continue;
    seen.add(node);
    for (const [keyword, content] of Object.entries(node)) {
      pending.push(content);
      if (keyword === "required") addStrings(names, content);
      if (!NAMING.includes(keyword) || typeof content !== "object" || content === null) continue;
      for (const [name, inner] of Object.entries(content)) {
        names.add(name);
        addStrings(names, inner);
      }
    }
  }
  return names;
}

/**
 * Of an item that is there, or that is missing behind the last one. The functions of an app can put anything else into a
 * path, such as the item itself.
 */
function isIndex(list: unknown, name: string): boolean {
  return Array.isArray(list) && INDEX.test(name) && Number(name) <= list.length;
}

function addStrings(names: Set<string>, list: unknown): void {
  if (!Array.isArray(list)) return;
  for (const name of list) if (typeof name === "string") names.add(name);
}

function memberOf(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return undefined;
  return (value as Readonly<Record<string, unknown>>)[name];
}
