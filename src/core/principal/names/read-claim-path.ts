import { nameFault } from "../../options/value.js";
import type { ClaimPath } from "./claim-source.js";

/** What a path is, behind `must be`. */
export const CLAIM_PATH = "a claim name or a list of them, outermost first";

/** Where problems with a path are noted: an options reader. */
interface Notes<Key extends string> {
  raw(key: Key): unknown;
  problem(key: Key, must: string): void;
  note(key: Key, sentence: string): void;
}

/** Reads where a claim stands. @returns `undefined` when left out. */
export function readClaimPath<Key extends string>(
  reader: Notes<Key>,
  key: Key,
): ClaimPath | undefined {
  const value = reader.raw(key);
  return value === undefined ? undefined : checkPath(value, reader, key);
}

/** A frozen copy of a path; what is wrong with it is noted. @returns `undefined` when it is none. */
export function checkPath<Key extends string>(
  value: unknown,
  reader: Pick<Notes<Key>, "problem" | "note">,
  key: Key,
  must = CLAIM_PATH,
): ClaimPath | undefined {
  const path = copyPath(value);
  if (path === undefined) {
    reader.problem(key, must);
    return undefined;
  }
  const fault = pathFault(path);
  if (fault !== undefined) reader.note(key, fault);
  return path;
}

/**
 * What is wrong with the names of a path: those with a line end behind them, as variables have it, name no claim. Whoever must
 * not have a role would never be seen to have it.
 */
export function pathFault(path: ClaimPath): string | undefined {
  return [path]
    .flat()
    .map(nameFault)
    .find((fault) => fault !== undefined);
}

/** Reads one name that a token has: of a claim, a client or an organisation. */
export function readTokenName<Key extends string>(
  reader: {
    string(key: Key, presence: NamePresence): string | undefined;
    note(key: Key, sentence: string): void;
  },
  key: Key,
  presence: NamePresence = {},
): string | undefined {
  const name = reader.string(key, presence);
  const fault = name === undefined ? undefined : nameFault(name);
  if (fault !== undefined) reader.note(key, fault);
  return name;
}

interface NamePresence {
  readonly required?: boolean;
  readonly default?: string;
}

function copyPath(value: unknown): ClaimPath | undefined {
  if (typeof value === "string") return value === "" ? undefined : value;
  if (!Array.isArray(value) || value.length === 0) return undefined;
  const names: readonly unknown[] = Object.freeze([...value]);
  return names.every((name) => typeof name === "string" && name !== "")
    ? (names as readonly string[])
    : undefined;
}
