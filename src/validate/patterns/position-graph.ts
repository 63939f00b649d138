import { type CharacterClasses, classifyCharacters } from "./character-classes.js";
import type { PatternNode } from "./parse-pattern.js";

/** Positions, each with the number of ways by which a backtracking search comes to it. */
type Ways = ReadonlyMap<number, number>;

/** The characters of a pattern, in their places, and which one can follow which (Glushkov's automaton). */
export interface PositionGraph {
  /** Those that can be first. */
  readonly first: Ways;
  /** For each position, those that can follow. */
  readonly follow: readonly Ways[];
  /** Whether it matches nothing as well. */
  readonly empty: boolean;
  /** Positions at which a match can end. */
  readonly last: ReadonlySet<number>;
  /** For each position, the classes of characters that it takes. */
  readonly takes: readonly ReadonlySet<number>[];
  /** The number of classes. */
  readonly classes: number;
}

interface Piece {
  /** The number of ways to read nothing. */
  readonly empty: number;
  readonly first: Ways;
  readonly last: Ways;
}

const NONE: Ways = new Map();
const NOTHING: Piece = { empty: 1, first: NONE, last: NONE };

/** Positions beyond this are not built: nobody writes such patterns by hand. */
const MAX_POSITIONS = 3000;

/** A repetition that allows more than this many is taken for an endless one. */
const ENDLESS = 1000;

/** Builds the graph. @returns `undefined` when the pattern is too large. */
export function buildPositionGraph(root: PatternNode): PositionGraph | undefined {
  const atoms: string[] = [];
  const follow: Map<number, number>[] = [];
  let edges = 0;

  function connect(from: Ways, to: Ways): void {
    for (const [p, before] of from) {
      const next = follow[p];
      for (const [q, after] of to) {
        edges += 1;
        next?.set(q, (next.get(q) ?? 0) + before * after);
      }
    }
  }

  function isTooLarge(): boolean {
    return atoms.length > MAX_POSITIONS || edges > 20 * MAX_POSITIONS;
  }

  function join(left: Piece, right: Piece): Piece {
    connect(left.last, right.first);
    return {
      empty: left.empty * right.empty,
      first: add(left.first, right.first, left.empty),
      last: add(right.last, left.last, right.empty),
    };
  }

  function build(node: PatternNode): Piece {
    if (isTooLarge()) return NOTHING;
    switch (node.kind) {
      case "character": {
        const position = atoms.push(node.source) - 1;
        follow.push(new Map());
        const only = new Map([[position, 1]]);
        return { empty: 0, first: only, last: only };
      }
      case "sequence":
        return node.parts.map(build).reduce(join, NOTHING);
      case "choice":
        return node.parts.map(build).reduce((left, right) => ({
          empty: left.empty + right.empty,
          first: add(left.first, right.first, 1),
          last: add(left.last, right.last, 1),
        }));
      case "repeat":
        return repeat(node.part, node.min, node.max);
      case "look":
        // What it has read, the rest reads once more.
        return { empty: 1, first: build(node.part).first, last: NONE };
      default:
        return NOTHING;
    }
  }

  function repeat(part: PatternNode, min: number, max: number): Piece {
    let tail = NOTHING;
    if (max > ENDLESS) {
      const piece = build(part);
      connect(piece.last, piece.first);
      // A round that reads nothing ends the repetition.
      tail = { ...piece, empty: min === 0 ? 1 : piece.empty };
    } else {
      // (a(a(a)?)?)?: the rounds can only be left out from the end.
      for (let round = min; round < max && !isTooLarge(); round += 1) {
        tail = { ...join(build(part), tail), empty: 1 };
      }
    }
    const least = max > ENDLESS ? Math.min(min - 1, ENDLESS) : min;
    for (let round = 0; round < least && !isTooLarge(); round += 1) tail = join(build(part), tail);
    return tail;
  }

  const { empty, first, last } = build(root);
  if (isTooLarge()) return undefined;
  const classes: CharacterClasses = classifyCharacters(new Set(atoms));
  return {
    empty: empty > 0,
    first,
    follow,
    last: new Set(last.keys()),
    takes: atoms.map(classes.of),
    classes: classes.count,
  };
}

/** Both, the second that many times. */
function add(ways: Ways, others: Ways, times: number): Ways {
  if (times === 0 || others.size === 0) return ways;
  const sum = new Map(ways);
  for (const [position, count] of others) {
    sum.set(position, (sum.get(position) ?? 0) + count * times);
  }
  return sum;
}
