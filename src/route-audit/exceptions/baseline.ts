import { readFileSync, writeFileSync } from "node:fs";
import { isPlainObject } from "../../core/options/value.js";

/** The content of a baseline: what was open when somebody last looked. */
interface BaselineFile {
  readonly version: 1;
  /** Names of entries of a report, sorted. */
  readonly open: readonly string[];
}

/**
 * Reads a baseline.
 *
 * @returns The names, or what is wrong as a sentence; `undefined` when there is no such file.
 */
export function readBaseline(path: string): ReadonlySet<string> | string | undefined {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if ((error as { readonly code?: unknown }).code === "ENOENT") return undefined;
    return "cannot be read";
  }
  return parseBaseline(text);
}

function parseBaseline(text: string): ReadonlySet<string> | string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return "is no JSON";
  }
  const { version, open } = isPlainObject(value) ? value : {};
  const isList = Array.isArray(open) && open.every((name) => typeof name === "string");
  return version === 1 && isList
    ? new Set(open)
    : 'is no baseline: it must be { "version": 1, "open": […] }';
}

/** Writes a baseline, one name on each line, so that a review shows which went. */
export function saveBaseline(path: string, names: Iterable<string>): void {
  const content: BaselineFile = { version: 1, open: [...new Set(names)].sort() };
  writeFileSync(path, `${JSON.stringify(content, null, 2)}\n`);
}
