import { isAnchored, type PatternNode, parsePattern } from "./parse-pattern.js";
import { buildPositionGraph, type PositionGraph } from "./position-graph.js";

/**
 * How much time a pattern can take.
 *
 * - `exponential`: text of some 30 characters can take seconds: `^(a+)+$`
 * - `polynomial`: quadratic or worse: `^[^@]+@[^@]+\.[^@]+$`, `\s+$`
 * - `unknown`: it has a backreference, or is too large to judge
 */
export type PatternCost = "linear" | "polynomial" | "exponential" | "unknown";

type State = readonly number[];

const ANYTHING: PatternNode = {
  kind: "repeat",
  part: { kind: "character", source: "[\\s\\S]" },
  min: 0,
  max: Number.POSITIVE_INFINITY,
};

/** Positions in loops that are compared: the number of pairs and triples grows fast. */
const MAX_LOOPED = 24;

/**
 * Judges a pattern that `new RegExp(source, "u")` takes, by the automaton behind it: exponential, when a loop can read
 * one text on two ways; polynomial, when two loops can share it.
 */
export function judgePattern(source: string): PatternCost {
  const parsed = parsePattern(source);
  if (parsed === undefined) return "unknown";
  const { root, around } = parsed;
  for (const part of [root, ...around]) {
    const nested = buildPositionGraph(part, 8);
    if (nested === undefined) return "unknown";
    if (isExponential(nested)) return "exponential";
  }
  // Without an anchor, a search begins at each character.
  const anchored = isAnchored(root, "start");
  const whole: PatternNode = { kind: "sequence", parts: anchored ? [root] : [ANYTHING, root] };
  const endless = buildPositionGraph(whole, 256);
  if (endless === undefined) return "unknown";
  return isPolynomial(endless, isAnchored(root, "end")) ? "polynomial" : "linear";
}

function isExponential(graph: PositionGraph): boolean {
  const looped = loopedPositions(graph);
  const inLoop = new Set(looped);
  for (const p of looped) {
    for (const [q, ways] of graph.follow[p] ?? []) {
      if (ways > 1 && inLoop.has(q) && reaches(graph, [q], [p])) return true;
    }
  }
  if (looped.length > MAX_LOOPED) return false;
  return looped.some((q) =>
    looped.some((p) =>
      looped.some((r) => p < r && reaches(graph, [q, q], [p, r]) && reaches(graph, [p, r], [q, q])),
    ),
  );
}

function isPolynomial(graph: PositionGraph, endsAtEdge: boolean): boolean {
  const looped = loopedPositions(graph);
  if (looped.length > MAX_LOOPED) return false;
  return looped.some((q) =>
    looped.some(
      (p) =>
        p !== q &&
        // A search that has come to an end does not go back.
        (endsAtEdge || !graph.last.includes(p)) &&
        reaches(graph, [q, q, p], [q, p, p]),
    ),
  );
}

function loopedPositions(graph: PositionGraph): number[] {
  return [...graph.follow.keys()].filter((p) => reaches(graph, [p], [p]));
}

/** Whether several walks through the graph, which read the same text, can lead from some positions to others. */
function reaches(graph: PositionGraph, from: State, to: State): boolean {
  const goal = to.join();
  const known = new Set<string>();
  const pending: State[] = [from];
  for (let state = pending.pop(); state !== undefined; state = pending.pop()) {
    for (const next of steps(graph, state)) {
      const key = next.join();
      if (key === goal) return true;
      if (known.has(key)) continue;
      known.add(key);
      pending.push(next);
    }
  }
  return false;
}

function steps(graph: PositionGraph, state: State): State[] {
  let found: { readonly at: State; readonly common: ReadonlySet<number> | undefined }[] = [
    { at: [], common: undefined },
  ];
  for (const position of state) {
    found = found.flatMap(({ at, common }) =>
      [...(graph.follow[position]?.keys() ?? [])].flatMap((next) => {
        const taken = graph.takes[next] ?? new Set<number>();
        const both =
          common === undefined ? taken : new Set([...taken].filter((c) => common.has(c)));
        return both.size === 0 ? [] : [{ at: [...at, next], common: both }];
      }),
    );
  }
  return found.map(({ at }) => at);
}
