import type { RateLimitAlgorithm } from "../policies/policy.js";
import type { RateLimitRequest } from "../stores/rate-limit-store.js";

/**
 * What the counters of each algorithm are called in the script, and at the end of their keys: a policy that changes its
 * algorithm begins anew, rather than to meet a value of another form.
 */
export const COUNTERS: Readonly<Record<RateLimitAlgorithm, string>> = Object.freeze({
  "token-bucket": "bucket",
  "leaky-bucket": "queue",
  "sliding-log": "log",
  "fixed-window": "window",
  concurrency: "leases",
});

/** They would end the hash tag, or look like an escape; a lone surrogate has no form in UTF-8. */
const UNSAFE = /[%{}]|\p{Cs}/gu;

/**
 * The keys of one request: its counter and its block. No other policy and key have the same ones: the hash tag ends at
 * the first `}`, and the last part at none of the names above has a colon.
 *
 * The hash tag is whom the request is counted against, so that all policies of one caller are in one slot of a cluster.
 */
export function redisKeysOf(
  prefix: string,
  { policy, key, algorithm }: RateLimitRequest,
): readonly [counter: string, block: string] {
  const start = `${prefix}:{${hashTagOf(key)}}:${policy}:`;
  return [start + COUNTERS[algorithm], `${start}block`];
}

/** An empty tag is none for a cluster. */
function hashTagOf(key: string): string {
  return key === "" ? "%" : key.replace(UNSAFE, escaped);
}

function escaped(character: string): string {
  return `%${character.charCodeAt(0).toString(16)}`;
}
