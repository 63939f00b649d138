import type { ProblemList } from "../core/options/problem-list.js";
import { isPlainObject } from "../core/options/value.js";

/** A policy that stands in a row of a table of routes. */
export interface RowPolicy {
  /** Where it stands, as users write it. */
  readonly path: string;
  /** As the user gave it. */
  readonly value: unknown;
  /** What it counts. */
  readonly pattern: string;
  /** Its name, if it has none of its own. */
  readonly name: string;
}

/** What to write in place of something else. */
export const ROW_EXAMPLE = '{ limit: 10, window: "1m" }';

/** The options of the policy, with what the row says: it counts what the row covers, under the name of its pattern. */
export function optionsOfRow(
  { path, value, pattern, name }: RowPolicy,
  problems: ProblemList,
): unknown {
  if (!isPlainObject(value)) return value ?? null;
  if (Object.hasOwn(value, "match")) {
    problems.note(`${path}.match`, "must be left out: the pattern of the row says what it counts");
  }
  return { ...value, name: value["name"] ?? name, match: pattern };
}
