import {
  coversEverything,
  type PathPattern,
  parsePathPattern,
} from "../../core/http/path-pattern.js";
import type { OptionsReader } from "../../core/options/options-reader.js";
import { describeValue, isPlainObject } from "../../core/options/value.js";
import { isRefused } from "../../core/refusal/refused.js";
import type { LabelledEntry } from "../report/labels.js";

/** What may be open, and why. */
export interface Allowance {
  /** As the user wrote it. */
  readonly text: string;
  readonly reason: string;
  /** `undefined` when it names one entry by its label. */
  readonly pattern: PathPattern | undefined;
}

const ANONYMOUS = "<anonymous>";

/** Reads `allow`: a record of patterns or labels, and the reason for each. */
export function readAllowances(reader: OptionsReader<"allow">): readonly Allowance[] {
  const given = reader.raw("allow");
  if (given === undefined) return [];
  if (!isPlainObject(given)) {
    reader.problem("allow", 'an object such as { "GET /health": "for the load balancer" }');
    return [];
  }
  return Object.entries(given).flatMap(([text, why], index) => {
    const allowance = readAllowance(text, why);
    if (typeof allowance !== "string") return [allowance];
    // The name itself is not printed: it may be anything.
    reader.note("allow", `${allowance}: this is its entry ${index + 1}`);
    return [];
  });
}

/** @returns What is wrong, as a sentence, or the allowance. */
function readAllowance(text: string, why: unknown): Allowance | string {
  if (typeof why !== "string" || why.trim() === "") {
    return `must have a reason as its value, got ${describeValue(why)}`;
  }
  // Functions without a name cannot be told from those that are added later.
  if (text.startsWith("use ") && text.includes(ANONYMOUS)) {
    return "must name a function: give the handler a name, or make it a route";
  }
  const pattern = text.startsWith("use ") || text.includes("RegExp(") ? undefined : parse(text);
  if (typeof pattern === "string") return pattern;
  return { text, reason: why, pattern };
}

/** A path of Express with more than patterns know is still a label: `GET /files{/:name}`. */
function parse(text: string): PathPattern | string | undefined {
  const pattern = parsePathPattern(text);
  if (isRefused(pattern))
    return /^(?:\*|[A-Z-]+) ?\/.*[{}?*+()\\]/.test(text) || text.startsWith("* /")
      ? undefined
      : pattern.refused;
  return coversEverything(pattern)
    ? "must not cover every route: name those that may be open"
    : pattern;
}

/** Whether the allowance names the entry, or its pattern covers all that the entry's path stands for. */
export function allows({ text, pattern }: Allowance, entry: LabelledEntry): boolean {
  if (text === entry.label) return true;
  if (pattern === undefined || entry.path.includes("RegExp(") || entry.path.includes("<?>"))
    return false;
  if (pattern.method !== undefined && pattern.method !== entry.method) return false;
  // What a handler answers lies below its path.
  if (entry.handler !== undefined && !pattern.below) return false;
  const segments = entry.path
    .split("/")
    .slice(1)
    .filter((segment) => segment !== "");
  const { segments: wanted, below } = pattern;
  if (below ? segments.length < wanted.length : segments.length !== wanted.length) return false;
  return wanted.every((literal, index) => {
    const segment = segments[index] ?? "";
    return literal === undefined ? !/[*{}?+()]/.test(segment) : literal === segment;
  });
}
