import type { RateLimitRefund } from "./rate-limit-store.js";

/** As many as any policy has places. */
const MOST = 10_000;

/** A place that is free, of which the store could not be told. */
interface Owed {
  readonly refund: RateLimitRefund;
  /** From then on the store does not hold it any more. */
  readonly until: number;
}

/**
 * The places of what was over while the store could not be told. They are given back when it answers again: what runs no
 * longer would count until the end of its window. Nothing else is owed, as every other charge comes back with time.
 */
export class OwedPlaces {
  readonly #owed = new Map<string, Owed>();

  /** Without a receipt a store could give the same place back twice. */
  add(refunds: readonly RateLimitRefund[]): void {
    for (const refund of refunds) {
      const { algorithm, receipt, windowMs } = refund;
      if (algorithm !== "concurrency" || receipt === undefined || this.#owed.size >= MOST) continue;
      this.#owed.set(receipt, { refund, until: performance.now() + windowMs });
    }
  }

  /** All that the store still holds. They are owed no more. */
  take(): readonly RateLimitRefund[] {
    if (this.#owed.size === 0) return NONE;
    const now = performance.now();
    const held = [...this.#owed.values()].filter(({ until }) => until > now);
    this.#owed.clear();
    return held.map(({ refund }) => refund);
  }
}

const NONE: readonly RateLimitRefund[] = [];
