import { forEachSubschema, isSchemaObject } from "../keywords/references.js";
import { judgePattern } from "./slow-pattern.js";

/** The longest text on which a quadratic pattern is quick. */
const SHORT = 1000;

/** A pattern that may take too long, and what is wrong with it. */
export interface SlowPattern {
  readonly source: string;
  readonly problem: string;
}

/**
 * The patterns of a JSON Schema that can backtrack for long. Quadratic ones are quick where `maxLength` is at most
 * 1,000, and on member names, which are short.
 */
export function findSlowPatterns(schema: object): readonly SlowPattern[] {
  const found = new Map<string, SlowPattern>();
  const names = new Set<unknown>();

  function judge(source: string, isShort: boolean): void {
    const cost = judgePattern(source);
    if (cost === "linear" || (cost === "polynomial" && isShort)) return;
    found.set(source, { source, problem: PROBLEMS[cost] });
  }

  forEachSubschema(schema, "", (below) => {
    names.add(below["propertyNames"]);
    const { pattern, maxLength, patternProperties } = below;
    const isShort = names.has(below) || (typeof maxLength === "number" && maxLength <= SHORT);
    if (typeof pattern === "string") judge(pattern, isShort);
    if (!isSchemaObject(patternProperties)) return;
    for (const source of Object.keys(patternProperties)) judge(source, true);
  });
  return [...found.values()];
}

const PROBLEMS = {
  polynomial: `needs quadratic time: put a maxLength of at most ${SHORT} beside it, or rewrite it`,
  exponential:
    "can take exponential time: rewrite it so that a repeated part reads a text in one way",
  unknown: "has a backreference or is too large to be judged: rewrite it",
} as const;
