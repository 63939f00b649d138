import { type Issue, MAX_ISSUES } from "../issues/issue.js";

/** The fields that chains know, as a tree of their path segments. */
export interface FieldTree {
  readonly children: Map<string, FieldTree>;
  /** Whether a chain takes the whole value, with all below it. */
  whole: boolean;
}

/** Names that express-validator reads as they are under a wildcard; for others it would look at another member. */
const READABLE = /^[^[\]"'\\]+$/;

/** A tree without fields. */
export function createFieldTree(): FieldTree {
  return { children: new Map(), whole: false };
}

/** Adds the field at a path of express-validator; an empty path is the whole part. */
export function addField(root: FieldTree, path: string): void {
  let tree = root;
  for (const segment of parseFieldPath(path)) {
    const next = tree.children.get(segment) ?? createFieldTree();
    tree.children.set(segment, next);
    tree = next;
  }
  tree.whole = true;
}

/** Splits a path of express-validator: `items[0].sku`, `items.*.sku`, `a["b.c"]`. */
export function parseFieldPath(path: string): string[] {
  const segments = path.matchAll(/\[(?:"([^"]*)"|'([^']*)'|([^\]]*))\]|([^.[\]]+)/g);
  return [...segments].map(
    ([, double, single, index, name]) => double ?? single ?? index ?? name ?? "",
  );
}

/**
 * A copy of the value with what chains know, and nothing else. What is left out goes into `issues`: members that no
 * chain knows, and values where chains look for members that the value does not have.
 */
export function pickKnown(value: unknown, tree: FieldTree, issues: Issue[] = []): unknown {
  return pick(value, [tree], [], issues);
}

/** Recursive: the value has passed the structural check, so it is not deep. */
function pick(
  value: unknown,
  trees: readonly FieldTree[],
  path: readonly string[],
  issues: Issue[],
): unknown {
  // `null` counts as absent, as it does for express-validator.
  if (value === undefined || value === null || trees.some((tree) => tree.whole)) return value;
  if (typeof value !== "object") {
    note(issues, { path, code: "type" });
    return undefined;
  }
  const copy: Record<string, unknown> = {};
  for (const [name, member] of Object.entries(value)) {
    const next = trees.flatMap((tree) => step(tree, name));
    const known = next.length === 0 ? undefined : pick(member, next, [...path, name], issues);
    if (next.length === 0) note(issues, { path, code: "unknown_field", name });
    if (known !== undefined) copy[name] = known;
  }
  return Array.isArray(value) ? Object.values(copy) : copy;
}

/** Where one more segment leads. `**` stands for any number of segments: it stays, beside what follows it. */
function step({ children }: FieldTree, name: string): FieldTree[] {
  const found: FieldTree[] = [];
  // A member that is called "*" is written "\*".
  const named = children.get(name === "*" || name === "**" ? `\\${name}` : name);
  const readable = READABLE.test(name);
  const any = readable ? children.get("*") : undefined;
  const deep = readable ? children.get("**") : undefined;
  if (named !== undefined) found.push(named);
  if (any !== undefined) found.push(any);
  if (deep !== undefined) {
    found.push({ children: new Map([["**", deep]]), whole: deep.whole }, ...step(deep, name));
  }
  return found;
}

function note(issues: Issue[], issue: Issue): void {
  if (issues.length < MAX_ISSUES) issues.push(issue);
}
