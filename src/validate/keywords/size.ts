/** Characters that are looked at in the time in which one subschema is evaluated. */
const CHARACTERS = 16;

/** The work of looking at the characters of a text. */
export function charactersWork(length: number): number {
  return Math.ceil(length / CHARACTERS);
}

/**
 * The size of a parsed value, near the bytes of its JSON text without blanks. Recursive: the value has passed the
 * structural check, so it is not deep.
 */
export function sizeOf(value: unknown): number {
  if (typeof value === "string") return value.length + 3;
  if (typeof value !== "object" || value === null) return 3;
  let size = 3;
  if (Array.isArray(value)) {
    for (const item of value) size += sizeOf(item);
    return size;
  }
  const members = value as Readonly<Record<string, unknown>>;
  for (const name of Object.keys(members)) size += name.length + 4 + sizeOf(members[name]);
  return size;
}
