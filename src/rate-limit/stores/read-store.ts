import type { OptionsReader } from "../../core/options/options-reader.js";
import type { Policy, StoreAbilities } from "../policies/policy.js";
import type { RateLimitStore } from "./rate-limit-store.js";

/** A store with this method says, at start-up, which policies it cannot count: one sentence per problem. */
export const CHECK_POLICIES = Symbol.for("express-secure-api.check-policies/1");

const SHORTEST_SECRET = 32;

/** What is read of a store. */
interface StoreSettings {
  readonly store: RateLimitStore | undefined;
  readonly storeTimeoutMs: number;
  readonly fallbackShare: number;
  /** What makes pseudonyms of the keys that the store sees. */
  readonly keySecret: string | undefined;
}

/** What the store can do, as it says itself; `undefined` without one. */
export function abilitiesOf(store: unknown): StoreAbilities | undefined {
  if (store === undefined) return undefined;
  const { algorithms, refund, charge, blocks, soft } = (store ?? {}) as Partial<RateLimitStore>;
  return {
    algorithms: Array.isArray(algorithms) ? algorithms : ["token-bucket"],
    refunds: typeof refund === "function",
    charges: typeof charge === "function",
    blocks: blocks === true,
    soft: soft === true,
  };
}

/** Reads the store and the options that belong to it; what is wrong is noted with the reader. */
export function readStore(
  reader: OptionsReader<"store" | "storeTimeout" | "fallbackShare" | "keySecret">,
  policies: readonly Policy[],
): StoreSettings {
  const storeTimeoutMs = reader.duration("storeTimeout", {
    min: "1ms",
    max: "60s",
    default: "75ms",
  });
  const fallbackShare = readShare(reader, policies);
  const keySecret = readKeySecret(reader);
  const store = reader.raw("store");
  if (store === undefined) {
    for (const name of ["storeTimeout", "fallbackShare", "keySecret"] as const) {
      if (reader.has(name)) reader.note(name, "must be left out without a store");
    }
    return { store, storeTimeoutMs, fallbackShare, keySecret };
  }
  if (!isStore(store)) {
    reader.problem("store", "a RateLimitStore, an object with consume(requests)", fixFor(store));
    return { store: undefined, storeTimeoutMs, fallbackShare, keySecret };
  }
  if (abilitiesOf(store)?.algorithms.includes("concurrency") && store.refund === undefined) {
    reader.note(
      "store",
      'must have refund() to know "concurrency": what runs is given back when it is over',
    );
  }
  for (const sentence of store[CHECK_POLICIES]?.(policies) ?? []) reader.note("store", sentence);
  return { store, storeTimeoutMs, fallbackShare, keySecret };
}

function readKeySecret(reader: OptionsReader<"keySecret">): string | undefined {
  const secret = reader.string("keySecret");
  if (secret !== undefined && secret.length < SHORTEST_SECRET) {
    reader.note(
      "keySecret",
      `must have at least ${SHORTEST_SECRET} characters: addresses can be guessed`,
    );
  }
  return secret;
}

function readShare(reader: OptionsReader<"fallbackShare">, policies: readonly Policy[]): number {
  const share = reader.number("fallbackShare", { min: 0, max: 1, default: 1 });
  if (share === 0) reader.note("fallbackShare", "must be above 0: it would admit nothing");
  if (
    reader.has("fallbackShare") &&
    policies.every(({ onStoreError }) => onStoreError !== "fallback")
  ) {
    reader.note(
      "fallbackShare",
      'must be left out without onStoreError: "fallback": nothing is counted in memory',
    );
  }
  return share;
}

interface CheckingStore extends RateLimitStore {
  [CHECK_POLICIES]?(policies: readonly Policy[]): readonly string[];
}

function isStore(value: unknown): value is CheckingStore {
  // Limiters of rate-limiter-flexible have a consume() too, which takes other arguments.
  return hasMethod(value, "consume") && !("points" in (value as object));
}

/** What to write in the place of something else that counts, or that could. */
function fixFor(value: unknown): string {
  if (hasMethod(value, "consume") || typeof value === "function") {
    return "write fromRateLimiterFlexible(limiter)";
  }
  // The methods of the stores of express-rate-limit: of all since version 6, and of older ones, which clients of Redis have too.
  if (hasMethod(value, "increment")) {
    return "a store of express-rate-limit cannot be used, write fromRateLimiterFlexible(limiter) with a limiter for the same database";
  }
  if (hasMethod(value, "incr")) {
    return "it takes no client, write redisStore(client)";
  }
  return "";
}

function hasMethod(value: unknown, name: string): boolean {
  if (typeof value !== "object" || value === null) return false;
  return typeof (value as Record<string, unknown>)[name] === "function";
}
