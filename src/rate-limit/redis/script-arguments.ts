import type { RateLimitBlocking } from "../policies/policy.js";
import type { RateLimitRequest, RateLimitResult } from "../stores/rate-limit-store.js";
import { COUNTERS } from "./redis-key.js";

/** Each unit of these is a member of a sorted set. */
const MAX_UNITS = 10_000;

/** What the script is told of one request. `extra` belongs to the operation: a receipt, or milliseconds. */
export function scriptArgumentsOf(request: RateLimitRequest, extra: string): readonly string[] {
  const { algorithm, cost, limit, burst, windowMs, blocking, soft } = request;
  if ((algorithm === "sliding-log" || algorithm === "concurrency") && burst > MAX_UNITS) {
    throw new RangeError(`redisStore counts at most ${MAX_UNITS} units with "${algorithm}"`);
  }
  const numbers = [cost, burst, windowMs, ...ticksOf(limit, windowMs)].map(String);
  const block = blocking === undefined ? "" : textOf(blocking);
  return [COUNTERS[algorithm], ...numbers, block, soft === true ? "1" : "", extra];
}

/** Ticks in a millisecond and in a unit, of which both are whole numbers: sums of them are exact. */
function ticksOf(limit: number, windowMs: number): readonly [perMs: number, perUnit: number] {
  // Nothing fits and nothing comes back. A rate of 0 would make times that are no numbers.
  if (limit === 0) return [1, 1];
  const divisor = greatestCommonDivisor(limit, windowMs);
  return [limit / divisor, windowMs / divisor];
}

/** What the script answers for `count` requests. @throws TypeError when it has another form. */
export function parseReply(reply: string, count: number): readonly RateLimitResult[] {
  const texts = reply.split(";");
  // Each ends in a semicolon.
  if (texts.length !== count + 1 || texts.pop() !== "") {
    throw new TypeError("the script answered for other requests");
  }
  return texts.map(parseResult);
}

function parseResult(text: string): RateLimitResult {
  const [allowed, remaining, retryAfterMs, resetMs, delayMs, blocked, receipt] = text.split(" ");
  if (receipt === undefined) throw new TypeError("the script answered in another form");
  return {
    allowed: allowed === "1",
    remaining: Number(remaining),
    retryAfterMs: time(retryAfterMs),
    resetMs: time(resetMs),
    delayMs: time(delayMs),
    blocked: blocked === "1",
    receipt,
  };
}

function time(text: string | undefined): number {
  return Math.min(Number(text), Number.MAX_SAFE_INTEGER);
}

function textOf({ after, withinMs, forgetMs, durationsMs }: RateLimitBlocking): string {
  return `${after} ${withinMs} ${forgetMs} ${durationsMs.join(",")}`;
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
