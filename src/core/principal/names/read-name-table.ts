import { describeValue, isHarmless, isPlainObject, nameFault } from "../../options/value.js";
import { MAX_NAMES, type NameTable } from "./found-names.js";

const MUST = "a list of names, or an object of names and what they count as";

/** Where problems with an option are noted: an options reader. */
interface Notes<Key extends string> {
  raw(key: Key): unknown;
  note(key: Key, sentence: string): void;
}

/**
 * Reads an option that says which names count, and as what.
 *
 * @param must - What it must be, where a plain list is none: `{ "<group>": "admin" }`.
 * @returns `undefined` when left out.
 */
export function readNameTable<Key extends string>(
  reader: Notes<Key>,
  key: Key,
  must?: string,
): NameTable | undefined {
  const given = reader.raw(key);
  if (given === undefined) return undefined;
  const isList = Array.isArray(given) && must === undefined;
  if (!isList && !isPlainObject(given)) {
    reader.note(key, `must be ${must ?? MUST}, got ${describeValue(given)}`);
    return Object.freeze(Object.create(null));
  }
  const entries = isList
    ? Array.from<unknown>(given).map((name) => [name, name] as const)
    : Object.entries(given as Record<string, unknown>);
  if (entries.length === 0 || entries.length > MAX_NAMES) {
    const count = entries.length === 0 ? `an empty ${isList ? "list" : "object"}` : entries.length;
    reader.note(key, `must be ${must ?? MUST}, 1 to 2,000, got ${count}`);
  }
  const table: Record<string, readonly string[]> = Object.create(null);
  for (const [index, [name, meant]] of entries.entries()) {
    const names = Array.isArray(meant) ? Array.from<unknown>(meant) : [meant];
    const fault = keyFault(name) ?? (names.length === 0 ? "must name at least one" : undefined);
    const wrong = fault ?? names.map(keyFault).find((one) => one !== undefined);
    // A name may be a secret that got into the wrong place.
    const shown =
      typeof name === "string" && name !== "" && isHarmless(name)
        ? JSON.stringify(name)
        : index + 1;
    if (wrong !== undefined) reader.note(key, `${wrong}, in entry ${shown}`);
    else table[name as string] = Object.freeze(names as string[]);
  }
  return Object.freeze(table);
}

function keyFault(name: unknown): string | undefined {
  if (typeof name !== "string" || name === "")
    return `must hold non-empty strings, got ${describeValue(name)}`;
  return nameFault(name);
}
