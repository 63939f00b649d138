import type { ProblemList } from "../core/options/problem-list.js";
import { describeValue } from "../core/options/value.js";

/** Notes a problem when what stands in the place of a function is none. */
export function noteFunction(problems: ProblemList, path: string, value: unknown, fix = ""): void {
  if (typeof value === "function") return;
  const end = fix === "" ? "" : `: ${fix}`;
  problems.note(path, `must be a function, got ${describeValue(value)}${end}`);
}
