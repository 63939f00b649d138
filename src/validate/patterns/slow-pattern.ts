import { findBacktracking } from "./backtracking.js";
import { isAnchored, looksAround, type PatternNode, parsePattern } from "./parse-pattern.js";
import { buildPositionGraph } from "./position-graph.js";

/**
 * How much time a pattern can take.
 *
 * - `linear`: at most {@link MAX_STEPS} steps for each character
 * - `polynomial`: more, the longer the text: `^[^@]+@[^@]+\.[^@]+$`, `\s+$`
 * - `exponential`: text of some 30 characters can take seconds: `^(a+)+$`
 * - `unknown`: it has a backreference, or is too large to judge
 */
export type PatternCost = "linear" | "polynomial" | "exponential" | "unknown";

/** The worst first. */
const COSTS: readonly PatternCost[] = ["unknown", "exponential", "polynomial"];

const EDGES = ["start", "end"] as const;

/** 100 kB of text take 16 million steps of some 3 ns. */
const MAX_STEPS = 160;

/** No pattern that people write grows with a higher power of the length. */
const EXPONENTIAL = 6;

/** The longest text that the structural check lets through, unless an app allows more. */
export const LONGEST_TEXT = 65_536;

/**
 * Judges a pattern that `new RegExp(source, "u")` takes, by the worst text that is found for it.
 *
 * @param length - The longest text that it is tried on.
 */
export function judgePattern(source: string, length = LONGEST_TEXT): PatternCost {
  const root = parsePattern(source);
  if (root === undefined) return "unknown";
  const costs = searchesOf(root).map((node) => judgeSearch(node, length));
  return COSTS.find((cost) => costs.includes(cost)) ?? "linear";
}

function judgeSearch(node: PatternNode, length: number): PatternCost {
  const graph = buildPositionGraph(node);
  if (graph === undefined) return "unknown";
  // A lookaround behind the last character can send the search back.
  const stopsEarly = !isAnchored(node, "end") && !looksAround(node);
  const manner = { floats: !isAnchored(node, "start") && !(stopsEarly && graph.empty), stopsEarly };
  const { stepsPerCharacter, growth } = findBacktracking(graph, manner, length);
  if (stepsPerCharacter <= MAX_STEPS) return "linear";
  return growth > EXPONENTIAL ? "exponential" : "polynomial";
}

/** Alternatives that are tied to the edges of the text in different ways, as in `^\s+|\s+$`, are searched for on their own. */
function searchesOf(node: PatternNode): readonly PatternNode[] {
  if (node.kind !== "choice" && node.kind !== "sequence") return [node];
  const [only] = node.parts;
  if (node.parts.length === 1 && only !== undefined) return searchesOf(only);
  const ties = (part: PatternNode): string => EDGES.map((edge) => isAnchored(part, edge)).join();
  const differ = new Set(node.parts.map(ties)).size > 1;
  return node.kind === "choice" && differ ? node.parts.flatMap(searchesOf) : [node];
}
