import type { PatternNode } from "./parse-pattern.js";

/** The characters of a pattern, in their places, and which one can follow which (Glushkov's automaton). */
export interface PositionGraph {
  /** For each position, the sample characters that it takes. */
  readonly takes: readonly ReadonlySet<number>[];
  /** For each position, those that can follow, and on how many ways. */
  readonly follow: readonly Map<number, number>[];
  /** Positions at which a match can end. */
  readonly last: readonly number[];
}

interface Piece {
  readonly nullable: boolean;
  readonly first: readonly number[];
  readonly last: readonly number[];
}

/** Characters by which sets are compared: ASCII, and some of other kinds. */
const SAMPLE = [
  ...Array.from({ length: 128 }, (_, code) => String.fromCodePoint(code)),
  ..."\u00a0éßΩяא中ـ٣\u2028😀",
];

const NOTHING: Piece = { nullable: true, first: [], last: [] };

/** Positions beyond this are not built: nobody writes such patterns by hand. */
const MAX_POSITIONS = 2000;

/**
 * Builds the graph.
 *
 * @param loopFrom - A repetition that allows more than this many is taken for an endless one.
 * @returns `undefined` when the pattern is too large.
 */
export function buildPositionGraph(root: PatternNode, loopFrom: number): PositionGraph | undefined {
  const takes: ReadonlySet<number>[] = [];
  const follow: Map<number, number>[] = [];

  function connect(from: readonly number[], to: readonly number[]): void {
    for (const p of from) {
      const next = follow[p];
      for (const q of to) next?.set(q, (next.get(q) ?? 0) + 1);
    }
  }

  function join(left: Piece, right: Piece): Piece {
    connect(left.last, right.first);
    return {
      nullable: left.nullable && right.nullable,
      first: left.nullable ? [...left.first, ...right.first] : left.first,
      last: right.nullable ? [...left.last, ...right.last] : right.last,
    };
  }

  function build(node: PatternNode): Piece {
    if (takes.length > MAX_POSITIONS) return NOTHING;
    switch (node.kind) {
      case "character": {
        const position = takes.push(sampleOf(node.source)) - 1;
        follow.push(new Map());
        return { nullable: false, first: [position], last: [position] };
      }
      case "sequence":
        return node.parts.map(build).reduce(join, NOTHING);
      case "choice": {
        const pieces = node.parts.map(build);
        return {
          nullable: pieces.some((piece) => piece.nullable),
          first: pieces.flatMap((piece) => piece.first),
          last: pieces.flatMap((piece) => piece.last),
        };
      }
      case "repeat":
        return repeat(node.part, node.min, node.max);
      default:
        return NOTHING;
    }
  }

  function repeat(part: PatternNode, min: number, max: number): Piece {
    if (max > loopFrom) {
      const piece = build(part);
      connect(piece.last, piece.first);
      return { ...piece, nullable: piece.nullable || min === 0 };
    }
    let whole = NOTHING;
    for (let count = 0; count < Math.min(max, 4); count += 1) {
      const piece = build(part);
      whole = join(whole, { ...piece, nullable: piece.nullable || count >= min });
    }
    return whole;
  }

  const { last } = build(root);
  return takes.length > MAX_POSITIONS ? undefined : { takes, follow, last };
}

function sampleOf(source: string): ReadonlySet<number> {
  const test = new RegExp(`^(?:${source})$`, "u");
  const taken = SAMPLE.flatMap((character, index) => (test.test(character) ? [index] : []));
  // A literal outside of the sample is equal to itself, and to nothing else as far as one sees.
  return new Set(taken.length > 0 ? taken : [1000 + (source.codePointAt(0) ?? 0) + source.length]);
}
