import { OptionsError } from "../../core/options/options-error.js";
import type { OptionsReader } from "../../core/options/options-reader.js";

/** What an option must be that holds a part of another package. */
export interface Members {
  /** The names of its functions. */
  readonly names: readonly string[];
  readonly must: string;
  readonly fix: string;
  readonly required?: true;
}

/** Reads an option that holds a part of another package, known by its functions. */
export function readMembers<Key extends string>(
  reader: OptionsReader<Key>,
  key: Key,
  { names, must, fix, required }: Members,
): unknown {
  const value = reader.raw(key);
  if (value === undefined && required !== true) return undefined;
  if (hasFunctions(value, names)) return value;
  reader.problem(key, must, value === undefined ? `it is required, ${fix}` : fix);
  return undefined;
}

/** @throws OptionsError when the package itself is given in place of options: each of its exports would be a problem. */
export function refusePackage(
  factory: string,
  options: unknown,
  names: readonly string[],
  call: string,
): void {
  if (hasFunctions(options, names))
    throw new OptionsError([`${factory} must be given options, not the package: write ${call}`]);
}

function hasFunctions(value: unknown, names: readonly string[]): boolean {
  if ((typeof value !== "object" && typeof value !== "function") || value === null) return false;
  try {
    return names.every((name) => typeof (value as Record<string, unknown>)[name] === "function");
  } catch {
    // A getter, as of a module that is not loaded to the end.
    return false;
  }
}
