/**
 * The numbers of one token bucket, kept as its theoretical arrival time (GCRA): the moment at which the bucket is full
 * again. One number per key holds the whole state, and a time in the past is the same as no state at all.
 *
 * Time runs in ticks, chosen so that a millisecond and a unit are both whole numbers of them: sums stay exact, where
 * fractions of a millisecond would drift and refuse the last unit of a full bucket.
 */
export interface TokenBucket {
  readonly ticksPerMs: number;
  /** Ticks in which one unit comes back. */
  readonly ticksPerUnit: number;
  /** Ticks in which an empty bucket fills. */
  readonly depth: number;
}

/** The bucket that fills with `limit` units per window and holds `burst` of them. */
export function createTokenBucket(policy: {
  readonly limit: number;
  readonly windowMs: number;
  readonly burst: number;
}): TokenBucket {
  const divisor = greatestCommonDivisor(policy.limit, policy.windowMs);
  const ticksPerUnit = policy.windowMs / divisor;
  return {
    ticksPerMs: policy.limit / divisor,
    ticksPerUnit,
    depth: policy.burst * ticksPerUnit,
  };
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
