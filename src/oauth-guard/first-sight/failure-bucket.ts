import { KeyTable } from "../../core/quota/key-table.js";

/** Ten megabytes at most. Addresses that find no room share one bucket: they queue, they are not locked out. */
const MAX_ADDRESSES = 100_000;

/**
 * A token bucket for each address, kept as the time at which it is full again (GCRA). An attempt is charged before it is
 * known whether it fails: of many at the same time, no more than are left begin.
 */
export class FailureBucket {
  readonly #fullAt = new KeyTable<number>(MAX_ADDRESSES, itself);
  readonly #windowMs: number;
  readonly #unitMs: number;

  /** `limit` failures at once; they come back evenly within the window. */
  constructor(limit: number, windowMs: number) {
    this.#windowMs = windowMs;
    this.#unitMs = windowMs / limit;
  }

  /** Charges one attempt. @returns Whether there was one left. */
  charge(address: string, now: number): boolean {
    const slot = this.#fullAt.slotFor(address, now);
    const fullAt = Math.max(this.#fullAt.get(slot) ?? now, now) + this.#unitMs;
    // Half a unit makes good what the division has rounded.
    if (fullAt - now > this.#windowMs + this.#unitMs / 2) return false;
    this.#fullAt.set(slot, fullAt, now);
    return true;
  }

  /** Gives one attempt back that did not fail. */
  giveBack(address: string, now: number): void {
    const slot = this.#fullAt.slotFor(address, now);
    const fullAt = this.#fullAt.get(slot);
    if (fullAt === undefined) return;
    // Whoever sends good tokens only leaves nothing behind.
    if (fullAt - this.#unitMs <= now) this.#fullAt.delete(slot);
    else this.#fullAt.set(slot, fullAt - this.#unitMs, now);
  }
}

function itself(time: number): number {
  return time;
}
