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
}

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
  return { names, ownNames: namesIn(keys), hasExternals, takesUndefined };
}

function namesIn(keys: unknown): readonly string[] {
  return typeof keys === "object" && keys !== null ? Object.keys(keys) : [];
}
