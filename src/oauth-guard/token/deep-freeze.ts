/** A good token is far flatter; recursion stays shallow whatever a signed token holds. */
const MAX_DEPTH = 32;

/**
 * Freezes what `JSON.parse` returned, all the way down: cached claims are shared by all requests
 * with the token, so no handler may change them.
 *
 * @returns `false`, possibly half-way, for a member named `__proto__`, which a later copy of the
 * object would turn into its prototype, and for deeper nesting than any good token has.
 */
export function deepFreeze(value: unknown, depth = 0): boolean {
  if (typeof value !== "object" || value === null) return true;
  if (depth > MAX_DEPTH) return false;
  Object.freeze(value);
  if (Array.isArray(value)) return value.every((item) => deepFreeze(item, depth + 1));
  for (const name of Object.keys(value)) {
    const member = (value as Readonly<Record<string, unknown>>)[name];
    if (name === "__proto__") return false;
    // Most members are strings and numbers: they need no call.
    if (typeof member === "object" && !deepFreeze(member, depth + 1)) return false;
  }
  return true;
}
