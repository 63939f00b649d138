import type { Charge } from "../policies/policy.js";
import type { RateLimitResult } from "../stores/rate-limit-store.js";

/** What was out of the ordinary when a request was counted. */
export type CountNotice = "keys_exhausted" | "store_fallback" | "store_open";

/** The results of one request. */
export interface Count {
  readonly charges: readonly Charge[];
  /** One for each charge. */
  readonly results: readonly RateLimitResult[];
  readonly notice: CountNotice | undefined;
}
