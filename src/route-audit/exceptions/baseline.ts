import { writeFileSync } from "node:fs";
import { readText, TextLimitError } from "../../core/files/read-text.js";
import { isPlainObject } from "../../core/options/value.js";
import { jsonText } from "../formats/escape.js";

/** The content of a baseline: what was open when somebody last looked. */
interface BaselineFile {
  readonly version: 1;
  /** Names of entries of a report, sorted. One that several entries have stands there several times. */
  readonly open: readonly string[];
}

/** How often a baseline names each entry: handlers without a name, for example, cannot be told apart. */
export type KnownNames = ReadonlyMap<string, number>;

const MAX_BYTES = 16 * 1024 * 1024;

/**
 * Reads a baseline.
 *
 * @returns The names, or what is wrong as a sentence; `undefined` when there is no such file.
 */
export function readBaseline(path: string): KnownNames | string | undefined {
  let text: string;
  try {
    text = readText(path, { maxBytes: MAX_BYTES, filesOnly: true });
  } catch (error) {
    if (error instanceof TextLimitError) return error.message;
    const { code } = error as { readonly code?: unknown };
    return code === "ENOENT" ? undefined : `cannot be read (${String(code)})`;
  }
  return parseBaseline(text);
}

/** Counts names. */
export function countNames(names: Iterable<string>): KnownNames {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}

/** Those of the entries that are more than the baseline knows of under the same name. */
export function beyondKnown<T extends { readonly label: string }>(
  entries: readonly T[],
  known: KnownNames,
): readonly T[] {
  const left = new Map(known);
  return entries.filter(({ label }) => {
    const count = left.get(label) ?? 0;
    left.set(label, count - 1);
    return count <= 0;
  });
}

function parseBaseline(text: string): KnownNames | string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return "is no JSON";
  }
  const { version, open } = isPlainObject(value) ? value : {};
  const isList = Array.isArray(open) && open.every((name) => typeof name === "string");
  return version === 1 && isList
    ? countNames(open)
    : 'is no baseline: it must be { "version": 1, "open": […] }';
}

/** Writes a baseline, one name on each line, so that a review shows which went. Nothing in it is unseen. */
export function saveBaseline(path: string, names: Iterable<string>): void {
  const content: BaselineFile = { version: 1, open: [...names].sort() };
  writeFileSync(path, `${jsonText(content)}\n`);
}
