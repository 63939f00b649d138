import { describeValue } from "../../core/options/value.js";
import type { Policy } from "../policies/policy.js";
import {
  type FlexibleLimiter,
  isFlexibleLimiter,
  isOfClass,
  LONGEST_TIMER_SECONDS,
} from "./flexible-limiter.js";

/** What is looked at in limiters of which not all have it. */
interface Traps {
  readonly execEvenly?: unknown;
  readonly blockDuration?: unknown;
  readonly blockOnConsumed?: unknown;
  readonly inMemoryBlockOnConsumed?: unknown;
  readonly insuranceLimiter?: unknown;
  readonly useRedisPackage?: unknown;
  readonly _incrTtlLuaScript?: unknown;
  readonly client?: unknown;
}

/** Why the limiter cannot be used, one sentence each: what would pass the limit, or hold requests up, without a word. */
export function problemsOfLimiter(limiter: unknown): readonly string[] {
  if (!isFlexibleLimiter(limiter)) {
    return [
      `must have points, duration, consume() and get(), got ${describeValue(limiter)}: a limiter of rate-limiter-flexible, no union or wrapper`,
    ];
  }
  return [
    ...numberProblems(limiter),
    ...optionProblems(limiter),
    ...classProblems(limiter),
    ...redisProblems(limiter as Traps),
  ];
}

function numberProblems(limiter: FlexibleLimiter): readonly string[] {
  const { points, duration } = limiter;
  const { blockDuration } = limiter as Traps;
  const problems: string[] = [];
  if (!Number.isSafeInteger(points) || points < 1) {
    problems.push(`must have whole points of at least 1, got ${points}`);
  }
  // Redis gets whole seconds: a part of one is cut off, and a key without any is kept for ever.
  if (!Number.isSafeInteger(duration) || duration < 1) {
    problems.push(`must have a duration of whole seconds, at least 1, got ${duration}`);
  }
  if (!isUnset(blockDuration) && !isWholeSeconds(blockDuration)) {
    problems.push(`must have a blockDuration of whole seconds, got ${blockDuration}`);
  }
  const longest = Math.max(duration, isWholeSeconds(blockDuration) ? blockDuration : 0);
  if (longest > LONGEST_TIMER_SECONDS && isOfClass(limiter, "RateLimiterMemory")) {
    problems.push(
      `must have a duration of at most ${LONGEST_TIMER_SECONDS} seconds: RateLimiterMemory forgets its keys at once beyond that`,
    );
  }
  return problems;
}

function optionProblems(limiter: FlexibleLimiter): readonly string[] {
  const { execEvenly, blockOnConsumed, inMemoryBlockOnConsumed, insuranceLimiter } =
    limiter as Traps;
  const problems: string[] = [];
  if (execEvenly === true) {
    problems.push(`must not delay requests: leave out execEvenly, slowDown does that`);
  }
  if (!isUnset(inMemoryBlockOnConsumed)) {
    problems.push(
      `must not block in memory: leave out inMemoryBlockOnConsumed. What a limit refuses is given back, and such a block would stay`,
    );
  }
  if (!isUnset(blockOnConsumed) && blockOnConsumed !== limiter.points) {
    problems.push(
      `must not wait with a block: leave out blockOnConsumed. What a limit refuses is given back, so that it would never be reached`,
    );
  }
  if (!isUnset(insuranceLimiter)) {
    problems.push(
      `must have no insuranceLimiter: it hides that the database fails, which onStoreError decides`,
    );
  }
  return problems;
}

function classProblems(limiter: FlexibleLimiter): readonly string[] {
  const { name } = limiter.constructor;
  return name.endsWith("NonAtomic")
    ? [`must count at once what it reads: parallel requests pass the limit of ${name}`]
    : [];
}

/** The script that the limiters of a client of Redis count with: it is one command, and the last limiter names it. */
const scripts = new WeakMap<object, string>();

function redisProblems(traps: Traps): readonly string[] {
  const { client, useRedisPackage, _incrTtlLuaScript: script } = traps;
  if (typeof client !== "object" || client === null) return [];
  if (isNodeRedis(client) && script !== undefined && !isTrue(useRedisPackage)) {
    return [`must have useRedisPackage: true with a client of the package redis`];
  }
  if (typeof script !== "string") return [];
  const first = scripts.get(client);
  if (first === undefined) scripts.set(client, script);
  if (first === undefined || first === script) return [];
  return [
    `must have a client of its own with customIncrTtlLuaScript: the limiters of a client share one script`,
  ];
}

/** A client of the package redis, 4 or later. */
function isNodeRedis(client: object): boolean {
  const { sendCommand, isOpen, defineCommand } = client as Record<string, unknown>;
  return (
    typeof sendCommand === "function" &&
    typeof isOpen === "boolean" &&
    typeof defineCommand !== "function"
  );
}

/** Why the limiter cannot count the policy, one sentence each. */
export function misfitsOf(limiter: FlexibleLimiter, policy: Policy): readonly string[] {
  if (policy.rateFor !== undefined || policy.tiers !== undefined) {
    return [
      "must fit the policy: a limiter has one rate, so neither tiers nor functions can choose it",
    ];
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
  if (policy.blocking !== undefined && policy.blocking.after < Number.MAX_SAFE_INTEGER) {
    sentences.push(
      `${must} block must be { after: "never" }: the blockDuration of the limiter blocks keys that are refused`,
    );
  }
  return sentences;
}

function isUnset(value: unknown): boolean {
  return value === undefined || value === null || value === 0 || value === false;
}

function isTrue(value: unknown): boolean {
  return value === true;
}

function isWholeSeconds(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}
