import { promiseOf } from "../../core/calls/follow.js";
import { OptionsError } from "../../core/options/options-error.js";
import { assertNotMounted } from "../../core/options/uncalled-factory.js";
import { describeValue } from "../../core/options/value.js";
import type { Policy } from "../policies/policy.js";
import type { RateLimitRequest, RateLimitResult, RateLimitStore } from "./rate-limit-store.js";
import { CHECK_POLICIES } from "./read-store.js";

/** What is used of a limiter of rate-limiter-flexible, whichever copy of the package it comes from. */
interface FlexibleLimiter {
  readonly points: number;
  /** Seconds. */
  readonly duration: number;
  consume(key: string, points: number): Promise<unknown>;
  get(key: string): Promise<unknown>;
}

/** What such a limiter resolves with, and rejects with when it refuses. */
interface FlexibleResult {
  readonly remainingPoints: number;
  readonly msBeforeNext: number;
}

/** A timer of Node fires at once beyond this, and RateLimiterMemory then forgets its keys. */
const LONGEST_TIMER_SECONDS = 2_147_483;

/**
 * Counts in a limiter of the package rate-limiter-flexible, and so in any of the databases it knows.
 *
 * Such a limiter has one policy and counts in fixed windows: up to twice the limit can pass around the end of a window,
 * `burst` cannot be set, and refused requests count. `points` and `duration` (in seconds) of the limiter must equal
 * `limit` and `window` of the policy.
 *
 * @param limiter - Any limiter of rate-limiter-flexible with `points` and `duration`.
 * @throws {@link OptionsError} when the limiter cannot be used; `rateLimit` throws one when it does not fit the policy.
 */
export function fromRateLimiterFlexible(limiter: FlexibleLimiter): RateLimitStore {
  assertNotMounted(
    "fromRateLimiterFlexible",
    limiter,
    "rateLimit({ limit, window, name, store: fromRateLimiterFlexible(limiter) })",
  );
  const problems = problemsOf(limiter);
  if (problems.length > 0) throw new OptionsError(problems);
  return Object.freeze({
    consume: (requests: readonly RateLimitRequest[]) => consumeFrom(limiter, requests),
    [CHECK_POLICIES]: (policies: readonly Policy[]) => misfits(limiter, policies),
  });
}

function problemsOf(limiter: unknown): readonly string[] {
  const must = "fromRateLimiterFlexible: the limiter must";
  if (!isFlexibleLimiter(limiter)) {
    return [`${must} have points, duration, consume() and get(), got ${describeValue(limiter)}`];
  }
  const problems: string[] = [];
  const { points, duration } = limiter;
  const { execEvenly, blockDuration } = limiter as {
    execEvenly?: unknown;
    blockDuration?: unknown;
  };
  if (!Number.isSafeInteger(points) || points < 1) {
    problems.push(`${must} have whole points of at least 1, got ${points}`);
  }
  if (!Number.isSafeInteger(duration) || duration < 1) {
    problems.push(`${must} have a duration of whole seconds, at least 1, got ${duration}`);
  }
  if (execEvenly === true) problems.push(`${must} not delay requests: leave out execEvenly`);
  const longest = Math.max(duration, typeof blockDuration === "number" ? blockDuration : 0);
  if (longest > LONGEST_TIMER_SECONDS && isMemoryLimiter(limiter)) {
    problems.push(
      `${must} have a duration of at most ${LONGEST_TIMER_SECONDS} seconds: RateLimiterMemory forgets its keys at once beyond that`,
    );
  }
  return problems;
}

function misfits(limiter: FlexibleLimiter, policies: readonly Policy[]): readonly string[] {
  const [policy] = policies;
  if (policy === undefined || policies.length > 1) {
    return ["must be able to count several policies all or nothing: this one has a single policy"];
  }
  const sentences: string[] = [];
  const must = "must fit the policy:";
  if (limiter.points !== policy.limit) {
    sentences.push(
      `${must} the limiter has ${limiter.points} points, the limit is ${policy.limit}`,
    );
  }
  if (limiter.duration * 1000 !== policy.windowMs) {
    const seconds = policy.windowMs / 1000;
    sentences.push(
      `${must} the duration of the limiter is ${limiter.duration} seconds, the window ${seconds}`,
    );
  }
  if (policy.burst !== policy.limit) {
    sentences.push(`${must} the limiter counts in fixed windows and has no burst: leave it out`);
  }
  return sentences;
}

async function consumeFrom(
  limiter: FlexibleLimiter,
  requests: readonly RateLimitRequest[],
): Promise<readonly RateLimitResult[]> {
  const [request] = requests;
  if (request === undefined || requests.length > 1) throw new Error("one policy at a time");
  const key = `${request.policy.replace(/[%:]/g, encodeURIComponent)}:${request.key}`;
  const { cost, limit } = request;
  // Nothing to charge, or nothing that could be: only a look.
  if (cost === 0 || cost > limit) {
    return [resultOf(await promiseOf(limiter.get(key)), cost === 0, request)];
  }
  try {
    return [resultOf(await promiseOf(limiter.consume(key, cost)), true, request)];
  } catch (reason) {
    // A refusal is a rejection with a result, an outage one with an Error.
    if (!isFlexibleResult(reason)) throw reason;
    return [resultOf(reason, false, request)];
  }
}

function resultOf(reply: unknown, allowed: boolean, request: RateLimitRequest): RateLimitResult {
  const { limit, cost } = request;
  if (reply === null) return { allowed, remaining: limit, retryAfterMs: 0, resetMs: 0 };
  if (!isFlexibleResult(reply)) throw new TypeError("the limiter did not answer with a result");
  const remaining = Math.min(limit, Math.floor(reply.remainingPoints));
  const resetMs = reply.msBeforeNext;
  return { allowed, remaining, retryAfterMs: allowed && remaining >= cost ? 0 : resetMs, resetMs };
}

function isFlexibleLimiter(value: unknown): value is FlexibleLimiter {
  if (typeof value !== "object" || value === null) return false;
  const { points, duration, consume, get } = value as Record<string, unknown>;
  return (
    typeof points === "number" &&
    typeof duration === "number" &&
    typeof consume === "function" &&
    typeof get === "function"
  );
}

function isFlexibleResult(value: unknown): value is FlexibleResult {
  if (typeof value !== "object" || value === null || value instanceof Error) return false;
  const { remainingPoints, msBeforeNext } = value as Record<string, unknown>;
  return typeof remainingPoints === "number" && typeof msBeforeNext === "number";
}

function isMemoryLimiter(limiter: object): boolean {
  let prototype: unknown = Object.getPrototypeOf(limiter);
  while (typeof prototype === "object" && prototype !== null) {
    if (prototype.constructor.name === "RateLimiterMemory") return true;
    prototype = Object.getPrototypeOf(prototype);
  }
  return false;
}
