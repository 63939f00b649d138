import type { PositionGraph } from "./position-graph.js";

/** What the worst text that was found costs. */
export interface Backtracking {
  /** Steps for each character, of a text of this many characters or fewer. */
  readonly stepsPerCharacter: number;
  /** The power with which the steps of a character grow with the text in front of it: 0 for a linear pattern. */
  readonly growth: number;
}

/** How a search goes about a text. */
export interface SearchManner {
  /** Whether it begins anew at each character. */
  readonly floats: boolean;
  /** Whether what it has come to the end of the pattern with is a match, wherever the text goes on. */
  readonly stopsEarly: boolean;
}

/** One text, as far as it is made: where a search that fails in the end has been. */
interface Walk {
  readonly ways: ReadonlyMap<number, number>;
  readonly steps: number;
  /** Whether the search begins anew at the next character: once it can end, it tries only what comes first. */
  readonly floats: boolean;
  /** The class of all its characters, where they are of one. */
  readonly only: number | undefined;
}

/** Texts that are tried beside each other, in all and from one place in a loop. */
const BEAM = 12;
const LOOP_BEAM = 3;

/** Loops in which a text can begin; what leads there is not looked for. */
const MAX_LOOPS = 24;

/** Characters of a text: enough to see how fast the steps grow, and more where counted repetitions end later. */
const SHORT_TEXT = 64;
const LONG_TEXT = 400;

/** What `"",` takes in JSON beside the characters of a text, and the least that a text takes: 10,000 fill 100 kB. */
const OVERHEAD = 3;
const LEAST = 10;

/** More than this is hopeless, and numbers stay finite. */
const HOPELESS = 1e9;

/** Visits of positions for each walk, after which the texts are long enough. */
const MAX_VISITS = 12_000;

/**
 * Looks for the text on which a backtracking search that fails in the end takes the most steps, by counting the ways on
 * which it comes to each position, not by walking them.
 *
 * @param length - The longest text that the pattern is tried on.
 */
export function findBacktracking(
  graph: PositionGraph,
  manner: SearchManner,
  length: number,
): Backtracking {
  const starts = [graph.first, ...loopsOf(graph).map((position) => new Map([[position, 1]]))];
  const found = starts.map((ways, index) =>
    lengthen(graph, manner, ways, length, index === 0 ? BEAM : LOOP_BEAM),
  );
  return found.reduce((worst, next) => ({
    stepsPerCharacter: Math.max(worst.stepsPerCharacter, next.stepsPerCharacter),
    growth: Math.max(worst.growth, next.growth),
  }));
}

function lengthen(
  graph: PositionGraph,
  { floats, stopsEarly }: SearchManner,
  start: ReadonlyMap<number, number>,
  length: number,
  beam: number,
): Backtracking {
  const goal = Math.min(length, graph.follow.length > SHORT_TEXT / 2 ? LONG_TEXT : SHORT_TEXT);
  let walks: readonly Walk[] = [{ ways: start, steps: 0, floats, only: undefined }];
  const perCharacter: number[] = [];
  let worst = 0;
  let total = 0;
  for (let visits = 0; perCharacter.length < goal && visits < MAX_VISITS * beam; ) {
    const longer: Walk[] = [];
    for (const walk of walks) {
      visits += walk.ways.size * graph.classes;
      for (const [found, next] of read(graph, walk.ways).entries()) {
        if (next.size === 0) continue;
        const ends = stopsEarly && [...next.keys()].some((position) => graph.last.has(position));
        const again = walk.floats && !ends;
        const ways = follow(graph, next, again);
        const only = perCharacter.length === 0 || walk.only === found ? found : undefined;
        longer.push({ ways, steps: walk.steps + sum(ways), floats: again, only });
      }
    }
    walks = choose(longer, beam);
    const [best] = walks;
    if (best === undefined) return { stepsPerCharacter: worst, growth: growthOf(perCharacter) };
    perCharacter.push(sum(best.ways));
    total = Math.max(...walks.map(({ steps }) => steps));
    worst = Math.max(worst, total / Math.max(LEAST, perCharacter.length + OVERHEAD));
    if (total > HOPELESS) return { stepsPerCharacter: worst, growth: Number.POSITIVE_INFINITY };
  }
  const growth = growthOf(perCharacter);
  const last = average(perCharacter.slice(-Math.ceil(perCharacter.length / 4)));
  const factor = (length / perCharacter.length) ** growth;
  return { stepsPerCharacter: Math.max(worst, (last * factor) / (growth + 1)), growth };
}

/** What is read of the positions that wait for a character, for each class of characters. */
function read(
  { takes, classes }: PositionGraph,
  waiting: ReadonlyMap<number, number>,
): Map<number, number>[] {
  const taken = Array.from({ length: classes }, () => new Map<number, number>());
  for (const [position, count] of waiting) {
    for (const found of takes[position] ?? []) taken[found]?.set(position, count);
  }
  return taken;
}

/** The positions that wait for the next character. */
function follow(
  graph: PositionGraph,
  positions: ReadonlyMap<number, number>,
  floats: boolean,
): Map<number, number> {
  const next = new Map<number, number>(floats ? graph.first : []);
  for (const [position, count] of positions) {
    for (const [after, ways] of graph.follow[position] ?? []) {
      next.set(after, (next.get(after) ?? 0) + count * ways);
    }
  }
  return next;
}

/**
 * The walks on which most is going on, and of others those that are elsewhere. Texts of one character stay in any case: the
 * worst one mostly is, and begins slowly.
 */
function choose(walks: readonly Walk[], count: number): readonly Walk[] {
  const places = new Map<string, Walk>();
  for (const walk of walks) {
    const place = placeOf(walk);
    const known = places.get(place);
    if (known === undefined || known.steps < walk.steps) places.set(place, walk);
  }
  const busy = (walk: Walk): number => sum(walk.ways);
  const best = [...places.values()].sort((a, b) => busy(b) - busy(a)).slice(0, count);
  const plain = walks.filter((walk) => walk.only !== undefined && !best.includes(walk));
  return [...best, ...plain].sort((a, b) => busy(b) - busy(a));
}

/** Short, although there can be hundreds of positions: two places that look alike only make the search poorer. */
function placeOf({ ways }: Walk): string {
  let hash = 0;
  for (const position of ways.keys()) hash = (hash + (position + 1) ** 3) % 1_000_003;
  return `${ways.size} ${hash}`;
}

function sum(ways: ReadonlyMap<number, number>): number {
  let total = 0;
  for (const count of ways.values()) total += count;
  return total;
}

/** The power of growth in the second half. */
function growthOf(perCharacter: readonly number[]): number {
  const quarter = Math.floor(perCharacter.length / 4);
  if (quarter < 2) return 0;
  const middle = average(perCharacter.slice(quarter, 2 * quarter));
  const end = average(perCharacter.slice(-quarter));
  // From the middle of the second quarter to the middle of the last.
  const power = Math.log(Math.max(end, 1) / Math.max(middle, 1)) / Math.log(7 / 3);
  return power < 0.25 ? 0 : power;
}

function average(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0) / Math.max(1, numbers.length);
}

/** A position in each loop: those of one loop lead to each other. */
function loopsOf({ follow: edges }: PositionGraph): readonly number[] {
  const found: number[] = [];
  const reached = new Map<number, ReadonlySet<number>>();
  for (const position of edges.keys()) {
    if (found.length >= MAX_LOOPS) break;
    const targets = reachable(edges, position);
    if (!targets.has(position)) continue;
    if (found.some((other) => targets.has(other) && reached.get(other)?.has(position))) continue;
    reached.set(position, targets);
    found.push(position);
  }
  return found;
}

function reachable(edges: PositionGraph["follow"], from: number): ReadonlySet<number> {
  const seen = new Set<number>();
  const pending = [from];
  for (let position = pending.pop(); position !== undefined; position = pending.pop()) {
    for (const next of edges[position]?.keys() ?? []) {
      if (seen.has(next)) continue;
      seen.add(next);
      pending.push(next);
    }
  }
  return seen;
}
