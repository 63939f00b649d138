/** Deeper than any class of errors: what is deeper is made to keep us busy. */
const MAX_CLASSES = 16;

/**
 * A member of whatever the app threw, own or of its class; `undefined` when reading it fails. What a polluted
 * `Object.prototype` adds is no member.
 */
export function errorMember(error: unknown, name: string): unknown {
  if ((typeof error !== "object" && typeof error !== "function") || error === null)
    return undefined;
  try {
    let holder: object | null = error;
    for (let depth = 0; holder !== null && depth < MAX_CLASSES; depth += 1) {
      const parent: object | null = Object.getPrototypeOf(holder);
      // What has no prototype and is not the error itself is an `Object.prototype`, of whatever realm.
      if (parent === null && holder !== error) return undefined;
      if (Object.hasOwn(holder, name)) return Reflect.get(holder, name, error);
      holder = parent;
    }
  } catch {
    // A throwing getter, or a Proxy.
  }
  return undefined;
}
