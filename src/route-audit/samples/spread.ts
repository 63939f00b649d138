/** Guards can be mounted at each depth for itself, and nobody writes so many. */
const DEPTH = 9;

/** A value of a wildcard that lies deeper than paths that somebody wrote. */
export function deep(fill: string): string {
  return Array.from({ length: DEPTH }, () => fill).join("/");
}

/**
 * At most so many of the items, from all over the list: combinations of what is optional stand in order, and the first ones
 * would all have the same parts.
 *
 * @param most - At least 2.
 */
export function spread<T>(items: readonly T[], most: number): readonly T[] {
  if (items.length <= most) return items;
  const step = (items.length - 1) / (most - 1);
  return Array.from({ length: most }, (_, index) => items[Math.round(index * step)] as T);
}
