import type { Request } from "express";
import { addressNetwork, normalizeAddress } from "../../core/http/client-address.js";
import { DURATION } from "../../core/options/quantity.js";
import { isRefused } from "../../core/refusal/refused.js";
import type { Counting } from "../counting/counting.js";
import { chargesOf, keptApart } from "../policies/charges.js";
import { foldName } from "../policies/fold-name.js";
import { type Charge, type Policy, rateOf } from "../policies/policy.js";
import type { LimiterSettings } from "./limiter-settings.js";

/** Whose quota: that of a key, or of whoever sent a request. */
export interface RateLimitTarget {
  /** The name of the policy. Left out, every policy of the limiter; with `req`, every one that counts the request. */
  readonly policy?: string | undefined;
  /** An address for a policy by address, the id of a principal, or what the `key` function returns. */
  readonly key?: string | undefined;
  /** In place of `key`: a request that the policy would count. */
  readonly req?: Request | undefined;
}

/** What is left of a quota. */
export interface RateLimitState {
  readonly policy: string;
  readonly limit: number;
  /** Whole units left. */
  readonly remaining: number;
  /** Whether the key is blocked. */
  readonly blocked: boolean;
  /** Milliseconds until the block ends, 0 without one. */
  readonly retryAfterMs: number;
  /** Milliseconds until all units are there again. */
  readonly resetMs: number;
}

/**
 * What an app does to quotas by hand. Each returns a promise, which is rejected with a TypeError where the target or the policy
 * does not fit, and with an Error when the store fails, or when there is no room in memory for a block.
 */
export interface RateLimitControl {
  /** Says what is left, one entry for each policy; nothing is charged. */
  peek(target: RateLimitTarget): Promise<readonly RateLimitState[]>;
  /** Forgets what was counted, blocks included. */
  reset(target: RateLimitTarget): Promise<void>;
  /** Charges `units`, at most what is left. Not with `"concurrency"`. @param units - Of at least 1; 1 when left out. */
  penalty(target: RateLimitTarget, units?: number): Promise<void>;
  /** Gives `units` back, at most what is missing. Not with `"concurrency"`. @param units - Of at least 1; 1 when left out. */
  reward(target: RateLimitTarget, units?: number): Promise<void>;
  /** Blocks the key for a duration from `"1s"` to `"30d"`, whatever is left. The policy needs `block`. */
  block(target: RateLimitTarget, duration: string): Promise<void>;
  /** Ends a block; refusals so far are counted on. Other processes may still believe in it for ten seconds. */
  unblock(target: RateLimitTarget): Promise<void>;
}

const LONGEST_BLOCK_MS = 30 * 86_400_000;

/**
 * The control of one limiter, or of those that a preset makes of its policies.
 *
 * @param countingOf - Where a policy is counted.
 */
export function createControl(
  { policies, ipv6Prefix, mode }: Pick<LimiterSettings, "policies" | "ipv6Prefix" | "mode">,
  countingOf: (policy: Policy) => Counting,
): RateLimitControl {
  const enforced = mode === "enforce";

  async function chargesFor(
    target: RateLimitTarget,
    units: number,
    needsRate: boolean,
  ): Promise<readonly Charge[]> {
    checkForm(target);
    const { policy: name, key, req } = target;
    if (policies.length === 0) throw new TypeError("there are no limits");
    // A variable that is not set would reach all policies in place of one.
    if (name === undefined && Object.hasOwn(target, "policy")) throw new TypeError(UNSET_POLICY);
    if (!Number.isSafeInteger(units) || units < 1) throw new TypeError(UNITS);
    const named = policies.filter((policy) => name === undefined || policy.name === name);
    if (named.length === 0) throw new TypeError(noPolicy(policies));
    if ((key === undefined) === (req === undefined)) throw new TypeError(KEY_OR_REQUEST);
    if (req !== undefined) {
      const charges = await chargesOf(named, req, ipv6Prefix, enforced);
      if (isRefused(charges)) throw new TypeError("the request has no key under this policy");
      if (charges.length === 0) throw new TypeError("no policy counts the request");
      return charges.map((charge) => ({ ...charge, cost: units }));
    }
    if (typeof key !== "string" || key === "") throw new TypeError(KEY_OR_REQUEST);
    return named.map((policy) => {
      if (needsRate && policy.rateFor !== undefined) throw new TypeError(NO_RATE);
      return { policy, key: keyOf(policy, key, ipv6Prefix), cost: units };
    });
  }

  async function forEach(
    target: RateLimitTarget,
    units: number,
    needsRate: boolean,
    act: (counting: Counting, charge: Charge) => Promise<void>,
    check?: (policy: Policy) => void,
  ): Promise<void> {
    const charges = await chargesFor(target, units, needsRate);
    // All or none: what does not fit one of the policies is done under no other.
    for (const { policy } of charges) check?.(policy);
    await Promise.all(charges.map((charge) => act(countingOf(charge.policy), charge)));
  }

  async function block(target: RateLimitTarget, durationMs: number): Promise<void> {
    await forEach(
      target,
      1,
      false,
      (counting, charge) => counting.block(charge, durationMs),
      mustBlock,
    );
  }

  return {
    async peek(target) {
      const charges = await chargesFor(target, 1, true);
      return Promise.all(charges.map((charge) => stateOf(countingOf(charge.policy), charge)));
    },
    reset: (target) => forEach(target, 1, false, (counting, charge) => counting.reset(charge)),
    penalty: (target, units = 1) =>
      forEach(target, units, true, (counting, charge) => counting.charge(charge), mustHaveUnits),
    reward: (target, units = 1) =>
      forEach(target, units, true, (counting, charge) => counting.reward(charge), mustHaveUnits),
    async block(target, duration) {
      const durationMs = typeof duration === "string" ? DURATION.parse(duration) : undefined;
      if (durationMs === undefined || durationMs < 1000 || durationMs > LONGEST_BLOCK_MS) {
        throw new TypeError('the duration of a block must be from "1s" to "30d", such as "15m"');
      }
      await block(target, durationMs);
    },
    unblock: (target) => block(target, 0),
  };
}

const UNSET_POLICY = "policy must not be undefined: leave it out for every policy";
const UNITS = "the units must be a whole number of at least 1";
const KEY_OR_REQUEST = "the target must have a key, a non-empty string, or a req: one of them";
const MEMBERS: ReadonlySet<string> = new Set([
  "policy",
  "key",
  "req",
] as const satisfies readonly (keyof RateLimitTarget)[]);
const OTHER_MEMBER = "the target has policy, key and req, and nothing else: is a name misspelt?";
const NO_RATE =
  "the rate of the policy depends on the request: give req, a request of the caller, in place of key";
const NO_KEY =
  "a policy by tenant, or by several things, has no key to name: give req, a request of the caller";
const NO_BLOCK = "the policy must have block, as in block: {}, to be blocked by hand";

const MOST_NAMES = 20;
const NO_UNITS =
  'a policy with "concurrency" counts what runs: there are no units to charge or give';

/** A misspelt policy would reach all of them. */
function checkForm(target: unknown): void {
  if (typeof target !== "object" || target === null) throw new TypeError(KEY_OR_REQUEST);
  if (Object.keys(target).some((name) => !MEMBERS.has(name))) throw new TypeError(OTHER_MEMBER);
}

function noPolicy(policies: readonly Policy[]): string {
  const names = policies.slice(0, MOST_NAMES).map(({ name }) => `"${name}"`);
  const more = policies.length > MOST_NAMES ? " and others" : "";
  return `the limiter has no policy with that name: it has ${names.join(", ")}${more}`;
}

function mustBlock({ blocking }: Policy): void {
  if (blocking === undefined) throw new TypeError(NO_BLOCK);
}

function mustHaveUnits({ algorithm }: Policy): void {
  if (algorithm === "concurrency") throw new TypeError(NO_UNITS);
}

async function stateOf(counting: Counting, charge: Charge): Promise<RateLimitState> {
  const count = await counting.peek(charge);
  if (count instanceof Error) throw count;
  const [result] = count.results;
  const { limit, burst } = rateOf(charge);
  const { remaining = burst, resetMs = 0, blocked = false, retryAfterMs = 0 } = result ?? {};
  return {
    policy: charge.policy.name,
    limit,
    remaining,
    blocked,
    retryAfterMs: blocked ? retryAfterMs : 0,
    resetMs,
  };
}

function keyOf({ key: source, phase }: Policy, key: string, ipv6Prefix: number): string {
  // What comes from a body is counted as it is folded.
  if (Array.isArray(source) || source === "tenant") throw new TypeError(NO_KEY);
  if (source !== "ip") return keptApart(phase === "after-body" ? foldName(key) : key);
  const address = normalizeAddress(key);
  if (address === undefined) throw new TypeError("the key of a policy by address must be one");
  return addressNetwork(address, ipv6Prefix);
}
