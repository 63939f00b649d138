import type { Request, Response } from "express";
import type { PathPattern } from "../../core/http/path-pattern.js";
import { formatDuration } from "../../core/options/quantity.js";

/**
 * How a policy counts.
 *
 * - `"token-bucket"`: `burst` units at once; they come back evenly, `limit` per window.
 * - `"leaky-bucket"`: requests go on at a constant rate, `limit` per window, and wait in a queue of `burst` units.
 * - `"sliding-log"`: exactly `limit` units in any span of one window.
 * - `"fixed-window"`: `limit` units per window, which begins with the first one.
 * - `"concurrency"`: `limit` units at the same time. The window is the longest time for which one is held.
 */
export type RateLimitAlgorithm =
  | "token-bucket"
  | "leaky-bucket"
  | "sliding-log"
  | "fixed-window"
  | "concurrency";

/** When a key that keeps being refused is blocked, and for how long. */
export interface RateLimitBlocking {
  /** Refusals within `withinMs` after which the key is blocked; more than there can be where it is blocked by hand only. */
  readonly after: number;
  readonly withinMs: number;
  /** How long the first block lasts, the second one, …; the last of them stands for all further ones. */
  readonly durationsMs: readonly number[];
  /** Time without a block in which one of the blocks so far is forgotten: the next one is then one step shorter. */
  readonly forgetMs: number;
}

/** What a store says that it can do. */
export interface StoreAbilities {
  readonly algorithms: readonly RateLimitAlgorithm[];
  /** Whether what was counted can be given back. */
  readonly refunds: boolean;
  /** Whether units can be charged without asking. */
  readonly charges: boolean;
  readonly blocks: boolean;
  readonly soft: boolean;
}

/** A function of the app, with a deadline. What it returns is checked. @throws FunctionFailure */
export type UserFunction<T> = (req: Request) => T | Promise<T>;

/** Whether a request that was answered counts, by the app. @throws FunctionFailure */
export type CountFunction = (req: Request, res: Response) => boolean | Promise<boolean>;

/** How much passes in which time. */
export interface Rate {
  /** Units per window, or at the same time; 0 lets nothing pass. */
  readonly limit: number;
  /** With `"concurrency"`: the longest time for which a store holds a unit. */
  readonly windowMs: number;
  /** Units at once; `limit` where the algorithm knows no burst. */
  readonly burst: number;
}

/** What a request has cost that was answered, by the app. @throws FunctionFailure */
export type CostAfter = (req: Request, res: Response) => number | Promise<number>;

/** What requests have in common that a policy counts together; a list of them is all of them at once. */
export type KeyName = "ip" | "principal" | "tenant";

/** How requests are delayed before a limit refuses them. */
export interface SlowDown {
  /** The part of the quota that passes at full speed. */
  readonly from: number;
  /** What each further unit adds. */
  readonly stepMs: number;
  readonly maxMs: number;
}

/** What happens to requests that a policy would count while the store fails. */
export type OnStoreError = "fallback" | "reject" | "dangerouslyOpen";

/**
 * A quota as the limiter uses it: checked, with every default filled in. Where the rate depends on the request, `limit`,
 * `windowMs` and `burst` are the largest ones that are possible.
 */
export interface Policy extends Rate {
  /** Where the policy stands in the options: `rateLimit.policies[0]`. */
  readonly path: string;
  readonly name: string;
  readonly algorithm: RateLimitAlgorithm;
  /** The rate of a request, where it depends on that. */
  readonly rateFor: UserFunction<Rate> | undefined;
  /** The rates to choose from by name, where they are known. */
  readonly tiers: ReadonlyMap<string, Rate> | undefined;
  /** The part of the quota from which on decisions say that it is nearly spent. */
  readonly warnAt: number | undefined;
  readonly slowDown: SlowDown | undefined;
  /** Whether requests beyond the limit are delayed and not refused. */
  readonly soft: boolean;
  /** When a key is blocked that keeps being refused. */
  readonly blocking: RateLimitBlocking | undefined;
  readonly onStoreError: OnStoreError;
  /** A function gives the key itself, `undefined` for the address, or `null` where the client sent what is no key. */
  readonly key: KeyName | readonly KeyName[] | UserFunction<string | undefined | null>;
  readonly cost: number | UserFunction<number>;
  readonly match: readonly PathPattern[] | undefined;
  readonly phase: Phase | undefined;
  /** Which requests keep their charge once they are answered. */
  readonly count: "all" | "failures" | "successes" | CountFunction;
  /** What a request has cost, once it was answered. */
  readonly costAfter: CostAfter | undefined;
  /** Whether a request that does not keep its charge also forgets what was counted before it. */
  readonly resets: boolean;
  /** Whether keys for which there is no room in memory share one quota; else the policy does not count them. */
  readonly sharesRest: boolean;
}

/** When a policy runs in the preset. */
export type Phase = "before-auth" | "after-auth" | "after-body";

/** What one request costs under one policy. */
export interface Charge {
  readonly policy: Policy;
  /** The rate of this request, where it is not that of the policy. */
  readonly rate?: Rate | undefined;
  readonly key: string;
  readonly cost: number;
}

/** The rate of one request. */
export function rateOf({ policy, rate }: Charge): Rate {
  return rate ?? policy;
}

/** Whether requests may have to wait. */
export function delays({ algorithm, slowDown }: Policy): boolean {
  return algorithm === "leaky-bucket" || slowDown !== undefined;
}

/** What the policy demands, for marks of guards: `login(5 per 15m and ip)`. */
export function ruleOf(policy: Policy): string {
  const { name, key } = policy;
  const whom = typeof key === "function" ? "key" : [key].flat().join(" and ");
  return `${name}(${quotaOf(policy)} and ${whom})`;
}

/** Whether it counts by what is known of the caller. */
export function isByCaller({ key }: Pick<Policy, "key">): boolean {
  return typeof key !== "function" && [key].flat().some((name) => name !== "ip");
}

function quotaOf({ algorithm, limit, windowMs, rateFor, tiers }: Policy): string {
  if (tiers !== undefined) return `${[...tiers.keys()].join(" or ")} per tier`;
  if (rateFor !== undefined) return "by request per window";
  if (algorithm === "concurrency") return `${limit} at a time`;
  return limit === 0 ? "none" : `${limit} per ${formatDuration(windowMs)}`;
}
