import { forEachSubschema, isSchemaObject } from "../keywords/references.js";
import { judgePattern, LONGEST_TEXT, type PatternCost } from "./slow-pattern.js";

/** A pattern that may take too long, and what is wrong with it. */
export interface SlowPattern {
  readonly source: string;
  readonly problem: string;
}

/** The longest member name that the structural check lets through, unless an app allows more. */
const LONGEST_NAME = 256;

/** Lengths that an error suggests for `maxLength`. */
const LENGTHS = [1000, 500, 300, 200, 100, 50];

/**
 * The patterns of a JSON Schema that can backtrack for long, on text of the length that `maxLength` lets through.
 * `limits` of an app that allow longer text or names are not looked at.
 */
export function findSlowPatterns(schema: object): readonly SlowPattern[] {
  const found = new Map<string, SlowPattern>();
  const names = new Set<unknown>();

  function judge(source: string, length: number): void {
    const cost = judgePattern(source);
    // What is exponential is refused in any case: one limit that is raised later would be enough.
    if (cost === "linear" || (cost === "polynomial" && judgePattern(source, length) === "linear")) {
      return;
    }
    found.set(source, { source, problem: problemOf(source, cost) });
  }

  forEachSubschema(schema, "", (below) => {
    names.add(below["propertyNames"]);
    const { pattern, maxLength, patternProperties } = below;
    const longest = names.has(below) ? LONGEST_NAME : LONGEST_TEXT;
    const length = typeof maxLength === "number" ? Math.min(maxLength, longest) : longest;
    if (typeof pattern === "string") judge(pattern, length);
    if (!isSchemaObject(patternProperties)) return;
    for (const source of Object.keys(patternProperties)) judge(source, LONGEST_NAME);
  });
  return [...found.values()];
}

function problemOf(source: string, cost: PatternCost): string {
  if (cost === "unknown") return "has a backreference or is too large to be judged: rewrite it";
  if (cost === "exponential") {
    return "can take exponential time: rewrite it so that a repeated part reads a text in one way";
  }
  const length = LENGTHS.find((candidate) => judgePattern(source, candidate) === "linear");
  return length === undefined
    ? "can take too long even for short text: rewrite it"
    : `needs quadratic time: put a maxLength of at most ${length} beside it, or rewrite it`;
}
