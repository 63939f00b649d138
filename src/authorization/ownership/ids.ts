/** An id as databases and tokens have it. */
type Id = string | number | bigint;

/** To whom something belongs: one id, several, or nobody. */
export type Ids = Id | readonly (Id | null | undefined)[] | null | undefined;

/**
 * Whether the value is an id, a list of ids, or nobody's. Numbers are whole and at most 2^53 - 1: larger ones have been
 * rounded, and the id of a neighbour looks the same.
 */
export function isIds(value: unknown): value is Ids {
  return Array.isArray(value) ? value.every(isId) : isId(value);
}

/**
 * Whether one of the ids is the name, letter by letter. A number has one spelling, its decimal digits; nothing else is
 * converted, trimmed or folded. An empty text is nobody's id, as `null` is.
 */
export function hasId(ids: Ids, name: string): boolean {
  if (name === "") return false;
  if (typeof ids !== "object" || ids === null) return isSame(ids, name);
  for (const id of ids) if (isSame(id, name)) return true;
  return false;
}

function isId(value: unknown): boolean {
  return (
    value === undefined ||
    value === null ||
    typeof value === "string" ||
    typeof value === "bigint" ||
    Number.isSafeInteger(value)
  );
}

function isSame(id: Id | null | undefined, name: string): boolean {
  if (typeof id === "string") return id === name;
  return id !== undefined && id !== null && String(id) === name;
}
