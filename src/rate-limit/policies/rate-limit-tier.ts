/** How much passes in one tier of a policy. */
export interface RateLimitTier {
  /** Units per window on average, from 1 to 1,000,000,000; `"none"` lets nothing pass. */
  readonly limit: number | "none";
  /** Length of the window: a duration in whole seconds, from `"1s"` to `"366d"`. Required unless `limit` is `"none"`. */
  readonly window?: string | undefined;
  /** Units that may be spent at once, from 1 to `limit`. @default `limit` */
  readonly burst?: number | undefined;
}
