/** A member name; or names that lead into objects, outermost first. Lists on the way stand for each of their items. */
export type FieldPath = string | readonly string[];

/** The permitted members by name: `null` for a member with all that is in it, else what is permitted in it. */
export type FieldTree = ReadonlyMap<string, FieldTree | null>;

type Growing = Map<string, Growing | null>;

/** Builds the tree of some paths. Where a member is permitted as a whole, what leads into it adds nothing. */
export function growTree(paths: readonly FieldPath[]): FieldTree {
  const root: Growing = new Map();
  for (const path of paths) add(root, typeof path === "string" ? [path] : path);
  return root;
}

/**
 * What the trees together permit of a member: `null` for all of it, `undefined` for nothing, else the trees for what is
 * in it.
 */
export function permitted(
  trees: readonly FieldTree[],
  name: string,
): readonly FieldTree[] | null | undefined {
  let inner: FieldTree[] | undefined;
  for (const tree of trees) {
    const found = tree.get(name);
    if (found === null) return null;
    if (found === undefined) continue;
    if (inner === undefined) inner = [found];
    else inner.push(found);
  }
  return inner;
}

function add(root: Growing, path: readonly string[]): void {
  let at = root;
  for (const [index, name] of path.entries()) {
    const known = at.get(name);
    if (known === null) return;
    if (index === path.length - 1) {
      at.set(name, null);
    } else if (known === undefined) {
      const inner: Growing = new Map();
      at.set(name, inner);
      at = inner;
    } else at = known;
  }
}
