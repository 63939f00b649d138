import type { OptionKeys } from "../options/option-types.js";
import type { OptionsReader } from "../options/options-reader.js";
import type { ErrorCode } from "../refusal/error-code.js";

/** How large and how deep a parsed value may be. */
export interface StructureLimits {
  /** Nested lists and objects: `[]` is 1 deep, `[[]]` is 2. 1 to 1,000; 400 `structure_too_deep`. @default 20 */
  readonly depth?: number | undefined;
  /**
   * Values in all, scalars and containers. At least 1; 413 `structure_too_large`.
   *
   * @default 10000, and 2000 in front of express-validator chains, whose wildcards need quadratic time
   */
  readonly nodes?: number | undefined;
  /** Items of one list. At least 1; 413 `structure_too_large`. @default 1000 */
  readonly items?: number | undefined;
  /** Members of one object. At least 1; 413 `structure_too_large`. @default 200 */
  readonly keys?: number | undefined;
  /**
   * UTF-16 code units of one member name: names become paths, and paths are compared. At least 1; 413
   * `structure_too_large`. @default 256
   */
  readonly keyLength?: number | undefined;
  /** UTF-16 code units of one string. At least 1; 413 `structure_too_large`. @default 65536 */
  readonly stringLength?: number | undefined;
}

/** {@link StructureLimits} with every default filled in. */
export type ResolvedLimits = { readonly [K in keyof StructureLimits]-?: number };

/** Names of {@link StructureLimits}, for the factories' tables of known options. */
export const STRUCTURE_LIMITS: OptionKeys<StructureLimits> = {
  depth: true,
  nodes: true,
  items: true,
  keys: true,
  keyLength: true,
  stringLength: true,
};

/** What is wrong with the structure of a value. */
type StructureFault = Extract<
  ErrorCode,
  "structure_too_deep" | "structure_too_large" | "forbidden_key" | "forbidden_character"
>;

/** Reads {@link StructureLimits}; without a reader, the defaults. */
export function readLimits(
  reader: OptionsReader<keyof StructureLimits> | undefined,
  nodes = 10_000,
): ResolvedLimits {
  const read = (name: keyof StructureLimits, fallback: number, max?: number): number =>
    reader?.integer(name, { min: 1, default: fallback, ...(max === undefined ? {} : { max }) }) ??
    fallback;
  return Object.freeze({
    depth: read("depth", 20, 1000),
    nodes: read("nodes", nodes),
    items: read("items", 1000),
    keys: read("keys", 200),
    keyLength: read("keyLength", 256),
    stringLength: read("stringLength", 65_536),
  });
}

/**
 * Looks for what no handler, schema or logger should meet: too deep or too large a value, the member names that
 * change prototypes, NUL and lone surrogates. Iterative, so a deep value cannot exhaust the stack, and it gives up at
 * the first limit, so a cyclic value ends too.
 */
export function checkStructure(root: unknown, limits: ResolvedLimits): StructureFault | undefined {
  if (typeof root === "string") return checkString(root, limits);
  if (!isContainer(root)) return undefined;
  const pending: object[] = [root];
  const depths: number[] = [1];
  let nodes = 1;
  for (let top = 0; top >= 0; ) {
    const container = pending[top] as object;
    const depth = depths[top] as number;
    top -= 1;
    if (depth > limits.depth) return "structure_too_deep";
    const isList = Array.isArray(container);
    const keys = isList ? undefined : Object.keys(container);
    const count = isList ? container.length : (keys?.length ?? 0);
    nodes += count;
    if (count > (isList ? limits.items : limits.keys) || nodes > limits.nodes) {
      return "structure_too_large";
    }
    for (let index = 0; index < count; index += 1) {
      const key = keys?.[index];
      const value: unknown = (container as Record<string | number, unknown>)[key ?? index];
      const fault =
        (key === undefined ? undefined : checkKey(key, value, limits)) ??
        (typeof value === "string" ? checkString(value, limits) : undefined);
      if (fault !== undefined) return fault;
      if (isContainer(value)) {
        top += 1;
        pending[top] = value;
        depths[top] = depth + 1;
      }
    }
  }
  return undefined;
}

function checkKey(key: string, value: unknown, limits: ResolvedLimits): StructureFault | undefined {
  if (key.length > limits.keyLength) return "structure_too_large";
  // The two ways by which assigning members of a parsed value reaches Object.prototype.
  if (key === "__proto__") return "forbidden_key";
  if (key === "constructor" && isContainer(value) && Object.hasOwn(value, "prototype")) {
    return "forbidden_key";
  }
  return checkCharacters(key);
}

function checkString(text: string, limits: ResolvedLimits): StructureFault | undefined {
  return text.length > limits.stringLength ? "structure_too_large" : checkCharacters(text);
}

function checkCharacters(text: string): StructureFault | undefined {
  if (text.includes("\0") || !isWellFormed(text)) return "forbidden_character";
  return undefined;
}

/** Bytes, such as those of `express.raw()`, have no structure. */
function isContainer(value: unknown): value is object {
  return typeof value === "object" && value !== null && !ArrayBuffer.isView(value);
}

/** `String.prototype.isWellFormed` is in every supported Node, but only in the ES2024 type library. */
export function isWellFormed(text: string): boolean {
  return (text as string & { isWellFormed(): boolean }).isWellFormed();
}
