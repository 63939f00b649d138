import type { RateLimitRefund } from "./rate-limit-store.js";

/** As many as any policy has places. */
const MOST = 10_000;
/** A request pays for no more than these, also where the store refuses them again and again. */
const MOST_AT_ONCE = 100;

/** A place that is free, of which the store could not be told. */
export interface OwedPlace {
  readonly refund: RateLimitRefund;
  /** From then on the store does not hold it any more. */
  readonly until: number;
}

/**
 * The places of what was over while the store could not be told. They are given back when it answers again: what runs no
 * longer would count until the end of its window. Nothing else is owed, as every other charge comes back with time.
 */
export class OwedPlaces {
  readonly #owed = new Map<string, OwedPlace>();

  /** Without a receipt a store could give the same place back twice. */
  add(refunds: readonly RateLimitRefund[]): void {
    for (const refund of refunds) {
      const { algorithm, receipt, windowMs } = refund;
      if (algorithm !== "concurrency" || receipt === undefined || this.#owed.size >= MOST) continue;
      this.#owed.set(receipt, { refund, until: performance.now() + windowMs });
    }
  }

  /** The oldest ones, up to a hundred, that the store still holds. They are owed no more. */
  take(): readonly OwedPlace[] {
    if (this.#owed.size === 0) return NONE;
    const now = performance.now();
    const taken: OwedPlace[] = [];
    for (const [receipt, place] of this.#owed) {
      if (taken.length === MOST_AT_ONCE) break;
      this.#owed.delete(receipt);
      if (place.until > now) taken.push(place);
    }
    return taken;
  }

  /** Of what was taken, the store could not be told either. It holds that no longer than before. */
  putBack(places: readonly OwedPlace[]): void {
    for (const place of places) {
      const { receipt } = place.refund;
      if (receipt !== undefined && this.#owed.size < MOST) this.#owed.set(receipt, place);
    }
  }
}

const NONE: readonly OwedPlace[] = [];
