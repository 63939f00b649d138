import type { Request } from "express";
import { createCall } from "../../core/calls/create-call.js";
import { isThenable, wrongReturn } from "../../core/calls/user-function.js";
import { opens, type PathPattern, restricts } from "../../core/http/path-pattern.js";

/** Which requests are given up first: `low` ones, then `normal` ones, `critical` ones never. */
export type LoadPriority = "critical" | "normal" | "low";

/** What the app says about the priority of a request; `undefined` leaves it to the patterns. */
export type PriorityFunction = (
  req: Request,
) => LoadPriority | undefined | Promise<LoadPriority | undefined>;

/** What decides about the priority of a request. */
export interface PriorityRules {
  readonly critical: readonly PathPattern[];
  readonly low: readonly PathPattern[];
  readonly priority: PriorityFunction | undefined;
}

const MUST = '"critical", "normal", "low" or undefined';

/**
 * However high the pressure is, one `normal` request in twenty is tried: what keeps the process busy may be something else
 * than requests, and then nothing would ever get better by refusing all of them.
 */
const MOST_NORMAL = 0.95;

/**
 * Makes what tells the priority of a request. No spelling of a path makes it critical but the exact one, and every
 * spelling of a low one is low.
 */
export function createPriority({
  critical,
  low,
  priority,
}: PriorityRules): (req: Request) => LoadPriority | Promise<LoadPriority> {
  const byPattern = (req: Request): LoadPriority =>
    low.some((pattern) => restricts(pattern, req)) ? "low" : "normal";
  const ask =
    priority === undefined
      ? undefined
      : createCall(priority, { option: "loadShedding.priority", parse: parsePriority });

  return function priorityOf(req) {
    if (critical.some((pattern) => opens(pattern, req))) return "critical";
    const answer = ask?.(req, undefined);
    return isThenable(answer)
      ? answer.then((found) => found ?? byPattern(req))
      : (answer ?? byPattern(req));
  };
}

/**
 * How probable it is that a request is shed, from 0 to 1. In the lower half of the pressure only `low` requests are; from
 * the middle on all of them, and `normal` ones as well.
 */
export function shedProbability(priority: LoadPriority, pressure: number): number {
  if (priority === "critical") return 0;
  if (priority === "low") return Math.min(1, 2 * pressure);
  return Math.min(MOST_NORMAL, Math.max(0, 2 * pressure - 1));
}

function parsePriority(value: unknown): LoadPriority | undefined {
  if (value === undefined || value === "critical" || value === "normal" || value === "low") {
    return value;
  }
  throw wrongReturn("loadShedding.priority", MUST, value);
}
