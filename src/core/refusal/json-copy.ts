/** Deeper than any problem document: what is deeper holds itself. */
const MAX_DEPTH = 32;

/**
 * A frozen copy of JSON data, so that nothing changes it later, and that `JSON.stringify` can neither fail on it nor
 * call a function of it. Members that are `undefined` are left out, as in JSON.
 *
 * @throws TypeError when something in it is no string, finite number, boolean, `null`, list or plain object, or when it
 * holds itself.
 */
export function copyJson(value: unknown, depth = 0): unknown {
  if (value === null || typeof value === "string" || typeof value === "boolean") return value;
  if (typeof value === "number" && Number.isFinite(value)) return value;
  if (typeof value !== "object") throw new TypeError("no JSON data");
  if (depth > MAX_DEPTH) throw new TypeError("too deep");
  if (Array.isArray(value)) return copyList(value, depth + 1);
  if (!isPlainObject(value)) throw new TypeError("no JSON data");
  return copyObject(value, depth + 1);
}

/** Whether the value is an object as `{}` makes it, of whatever realm, and no instance of a class. */
export function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** Makes an own member of any name, also of `__proto__`. */
export function addMember(target: Record<string, unknown>, name: string, value: unknown): void {
  if (name === "__proto__") Object.defineProperty(target, name, { value, enumerable: true });
  else target[name] = value;
}

function copyList(list: readonly unknown[], depth: number): readonly unknown[] {
  const copy: unknown[] = [];
  for (const item of list) copy.push(copyJson(item, depth));
  return Object.freeze(copy);
}

function copyObject(object: Readonly<Record<string, unknown>>, depth: number): object {
  const copy: Record<string, unknown> = {};
  for (const name of Object.keys(object)) {
    const value = object[name];
    if (value !== undefined) addMember(copy, name, copyJson(value, depth));
  }
  return Object.freeze(copy);
}
