import type { KnownNames } from "../issues/client-names.js";

/** What a joi schema says about itself. */
export interface JoiDescription {
  /** The names that it has for members, at any depth. */
  readonly names: KnownNames;
  /** Those of the value itself. */
  readonly ownNames: readonly string[];
  /** Whether functions of the app take part that may be asynchronous. */
  readonly hasExternals: boolean;
  /** Whether it says in words what happens with a value that is not there: `optional()` or a default. */
  readonly takesUndefined: boolean;
  /** Whether an object can satisfy it, as far as it tells. */
  readonly takesObjects: boolean;
}

/** Deeper than alternatives that people write. */
const MAX_DEPTH = 32;
const NEVER_OBJECTS: readonly unknown[] = [
  "string",
  "number",
  "boolean",
  "date",
  "symbol",
  "binary",
  "function",
];

/** Reads `schema.describe()`, which joi calls its manifest. */
export function readDescription(description: unknown): JoiDescription {
  const names = new Set<string>();
  let hasExternals = false;
  const seen = new Set<unknown>();
  const pending: unknown[] = [description];
  while (pending.length > 0) {
    const node = pending.pop();
    if (typeof node !== "object" || node === null || seen.has(node)) continue;
    seen.add(node);
    for (const [term, content] of Object.entries(node)) {
      pending.push(content);
      if (term === "externals") hasExternals = true;
      if (term === "keys") for (const name of namesIn(content)) names.add(name);
    }
  }
  const { flags, keys } = (description ?? {}) as { flags?: unknown; keys?: unknown };
  const { presence, default: fallback } = (flags ?? {}) as Record<string, unknown>;
  const takesUndefined = presence === "optional" || fallback !== undefined;
  const takesObjects = canBeObject(description, 0);
  return { names, ownNames: namesIn(keys), hasExternals, takesUndefined, takesObjects };
}

function canBeObject(description: unknown, depth: number): boolean {
  const { type, flags, allow, matches } = Object(description) as Readonly<Record<string, unknown>>;
  const { single, only } = Object(flags) as { single?: unknown; only?: unknown };
  if (NEVER_OBJECTS.includes(type)) return false;
  // `single()` makes a list of what is none.
  if (type === "array") return single === true;
  if (only === true && Array.isArray(allow) && allow.every(isScalar)) return false;
  if (type !== "alternatives" || !Array.isArray(matches) || depth > MAX_DEPTH) return true;
  // What depends on another value (`is`, `switch`) may be any of its branches: it does not tell.
  return matches.some((match: unknown) => {
    const { schema } = Object(match) as { schema?: unknown };
    return schema === undefined || canBeObject(schema, depth + 1);
  });
}

function isScalar(value: unknown): boolean {
  return typeof value !== "object" || value === null;
}

function namesIn(keys: unknown): readonly string[] {
  return typeof keys === "object" && keys !== null ? Object.keys(keys) : [];
}
