/** How much passes in one tier of a policy. */
export interface RateLimitTier {
  /** Units per window on average, from 1 to 1,000,000,000; `"none"` lets nothing pass. */
  readonly limit: number | "none";
  /** Length of the window: a duration in whole seconds, from `"1s"` to `"366d"`. Required unless `limit` is `"none"`. */
  readonly window?: string | undefined;
  /** Units that may be spent at once, from 1 to `limit`. @default `limit` */
  readonly burst?: number | undefined;
}

/** How requests are delayed before a limit refuses them. */
export interface SlowDownOptions {
  /** The part of the quota, from 0 to below 1, that passes at full speed. */
  readonly from: number;
  /** What each further unit adds to the delay: a duration from `"1ms"` to `"1m"`. */
  readonly step: string;
  /** The longest delay, from `"1ms"` to `"1m"`. @default "2s" */
  readonly max?: string | undefined;
}

/** When a key that keeps being refused is blocked, whatever is left of its quota. */
export interface BlockOptions {
  /**
   * Refusals `within` a time after which the key is blocked, from 1 to 1,000,000. `"never"` blocks by hand only.
   * @default 10
   */
  readonly after?: number | "never" | undefined;
  /** The time in which refusals are counted, from `"1s"` to `"30d"`. @default "10m" */
  readonly within?: string | undefined;
  /**
   * How long the first block lasts, the second one, and so on, from `"1s"` to `"30d"` each; the last one stands for all
   * further ones. @default ["1m", "5m", "30m", "2h", "24h"]
   */
  readonly durations?: readonly string[] | undefined;
  /**
   * Time without a block in which one of the blocks so far is forgotten, from `"1s"` to `"366d"`: after each such time the
   * next block is one step shorter. Time in which the key is blocked does not count. @default "1d"
   */
  readonly forgetAfter?: string | undefined;
}
