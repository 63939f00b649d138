/** Deeper than any problem document: what is deeper holds itself. */
const MAX_DEPTH = 32;

/**
 * A frozen copy of JSON data for the members of a refusal, so that nothing changes it later, and that `JSON.stringify` can neither fail on it nor
 * call a function of it.
 *
 * @param what - How the value is called in the error: `HttpError: members.errors`.
 * @throws TypeError when something in it is no string, finite number, boolean, `null`, list or plain object, or when it
 * holds itself. Members that are `undefined` are left out, as in JSON.
 */
export function copyJson(value: unknown, what: string, depth = 0): unknown {
  if (value === null || typeof value === "string" || typeof value === "boolean") return value;
  if (typeof value === "number" && Number.isFinite(value)) return value;
  if (typeof value === "object") {
    if (depth > MAX_DEPTH)
      throw new TypeError("HttpError: members are too deep, or hold themselves");
    if (Array.isArray(value)) return copyList(value, what, depth);
    if (isPlainObject(value)) return Object.freeze(copyObject(value, what, depth));
  }
  throw new TypeError(`${what} must be JSON data`);
}

/** Whether the value is an object as `{}` makes it, of whatever realm, and no instance of a class. */
export function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function copyList(list: readonly unknown[], what: string, depth: number): readonly unknown[] {
  return Object.freeze(
    Array.from(list, (item, index) => copyJson(item, `${what}[${index}]`, depth + 1)),
  );
}

function copyObject(object: object, what: string, depth: number): Record<string, unknown> {
  const members = Object.entries(object).filter(([, member]) => member !== undefined);
  // It makes own members of all names, `__proto__` included.
  return Object.fromEntries(
    members.map(([name, member]) => [name, copyJson(member, `${what}.${name}`, depth + 1)]),
  );
}
