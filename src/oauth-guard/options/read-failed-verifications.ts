import type { OptionKeys } from "../../core/options/option-types.js";
import type { OptionsReader } from "../../core/options/options-reader.js";
import type { FirstSightSettings } from "../first-sight/first-sight.js";

/**
 * When verifications of tokens that were not seen before queue. Only those of an address behind which too many tokens were
 * bad; tokens in the cache never wait, and no address is locked out.
 */
export interface FailedVerificationsOptions {
  /** Bad tokens per window and address (IPv6: per /56) after which new tokens from there queue. @default 100 */
  readonly limit?: number | undefined;
  /** The window, `"1s"` to `"1d"`: failures are forgiven evenly within it. @default "1m" */
  readonly window?: string | undefined;
  /** How many of the queue of one address are verified at the same time, 1 to 100. @default 4 */
  readonly concurrency?: number | undefined;
  /**
   * Requests of one address that may wait, 1 to 10,000; ten times as many of all addresses together. What finds the queue
   * full is answered 503 `check_unavailable` with `Retry-After`. @default 1000
   */
  readonly maxWaiting?: number | undefined;
}

const KEYS: OptionKeys<FailedVerificationsOptions> = {
  limit: true,
  window: true,
  concurrency: true,
  maxWaiting: true,
};

/** Reads `failedVerifications`; `undefined` when it is turned off. What is wrong is noted with the reader. */
export function readFailedVerifications(
  reader: OptionsReader<"failedVerifications">,
): FirstSightSettings | undefined {
  if (reader.raw("failedVerifications") === false) return undefined;
  const own =
    reader.object<FailedVerificationsOptions>(
      "failedVerifications",
      KEYS,
      {},
      '{ limit: 100, window: "1m" }, the default',
    ) ?? reader.nested<FailedVerificationsOptions>("failedVerifications", {}, KEYS);
  return {
    limit: own.integer("limit", { default: 100, min: 1, max: 1_000_000 }),
    windowMs: own.duration("window", { default: "1m", min: "1s", max: "1d" }),
    concurrency: own.integer("concurrency", { default: 4, min: 1, max: 100 }),
    maxWaiting: own.integer("maxWaiting", { default: 1000, min: 1, max: 10_000 }),
  };
}
