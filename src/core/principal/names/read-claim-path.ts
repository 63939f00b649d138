import type { ClaimPath } from "./claim-source.js";

const MUST = "a claim name or a list of them, outermost first";

/** Reads where a claim stands. @returns `undefined` when left out. */
export function readClaimPath<Key extends string>(
  reader: { raw(key: Key): unknown; problem(key: Key, must: string): void },
  key: Key,
): ClaimPath | undefined {
  const value = reader.raw(key);
  if (value === undefined) return undefined;
  const path = copyPath(value);
  if (path === undefined) reader.problem(key, MUST);
  return path;
}

/** A frozen copy of a path, or `undefined` when it is none. */
export function copyPath(value: unknown): ClaimPath | undefined {
  if (typeof value === "string") return value === "" ? undefined : value;
  if (!Array.isArray(value) || value.length === 0) return undefined;
  const names: readonly unknown[] = Object.freeze([...value]);
  return names.every((name) => typeof name === "string" && name !== "")
    ? (names as readonly string[])
    : undefined;
}
