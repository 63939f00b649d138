import { isPlainObject } from "../../core/options/value.js";

/** Deeper than any option of headers stands: whoever has made a circle is told so by the readers. */
const MAX_DEPTH = 8;

/**
 * A copy of options: each member is read once, and what the app changes later does not matter. Lists stand in place of
 * sets and generators, which could be walked once only.
 */
export function copyOptions(value: unknown, depth = 0): unknown {
  if (depth > MAX_DEPTH || typeof value !== "object" || value === null) return value;
  if (isPlainObject(value)) {
    const copy: Record<string, unknown> = Object.create(null);
    for (const name of Object.keys(value)) copy[name] = copyOptions(value[name], depth + 1);
    return copy;
  }
  if (Array.isArray(value)) return Array.from(value);
  return Symbol.iterator in value && !(value instanceof Map)
    ? [...(value as Iterable<unknown>)]
    : value;
}
