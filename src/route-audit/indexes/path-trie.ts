import { type PathOutline, segmentsOf } from "./path-outline.js";

/** What begins with the same segments. */
interface Node {
  readonly literals: Map<string, Node>;
  parameter: Node | undefined;
  /** What ends here. */
  readonly ends: Set<number>;
  /** What ends here or anywhere below. */
  readonly open: Set<number>;
}

/**
 * Finds, of many declared paths, the few that a path may match, by its segments: whoever asks tries these. So an app with
 * many routes costs in proportion to them, and not to their square.
 */
export class PathTrie {
  readonly #root = createNode();

  /** @param position - Of the declared path among all: what is found is in this order. */
  add({ segments, isOpen }: PathOutline, position: number): void {
    let node = this.#root;
    for (const literal of segments) node = childOf(node, literal);
    (isOpen ? node.open : node.ends).add(position);
  }

  /** The positions of all that may match the path, and of some that do not, in order, each once. */
  find(path: string): readonly number[] {
    const found = new Set<number>();
    walk(this.#root, segmentsOf(path), 0, found);
    return [...found].sort((one, other) => one - other);
  }
}

function createNode(): Node {
  return { literals: new Map(), parameter: undefined, ends: new Set(), open: new Set() };
}

function childOf(node: Node, literal: string | undefined): Node {
  if (literal === undefined) {
    node.parameter ??= createNode();
    return node.parameter;
  }
  const known = node.literals.get(literal);
  if (known !== undefined) return known;
  const child = createNode();
  node.literals.set(literal, child);
  return child;
}

/** Each node is visited once at most. */
function walk(node: Node, segments: readonly string[], depth: number, found: Set<number>): void {
  for (const position of node.open) found.add(position);
  const segment = segments[depth];
  if (segment === undefined) {
    for (const position of node.ends) found.add(position);
    return;
  }
  const literal = node.literals.get(segment);
  if (literal !== undefined) walk(literal, segments, depth + 1, found);
  if (node.parameter !== undefined) walk(node.parameter, segments, depth + 1, found);
}
