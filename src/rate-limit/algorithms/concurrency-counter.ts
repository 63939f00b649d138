import { KeyTable } from "../../core/quota/key-table.js";
import { type Charge, rateOf } from "../policies/policy.js";
import { type Counter, Draft } from "./draft.js";

/** Nobody knows when a request that runs will end. */
const RETRY_AFTER_MS = 1000;

/** Counts what runs at the same time. Each charge is given back when its request is over, so nothing here expires. */
export class ConcurrencyCounter implements Counter {
  readonly running: KeyTable<number>;

  constructor(maxKeys: number) {
    this.running = new KeyTable(maxKeys, () => Number.POSITIVE_INFINITY);
  }

  draft(charge: Charge, _nowMs: number): Draft {
    return new ConcurrencyDraft(this, charge);
  }

  reward({ key, cost }: Charge): void {
    const slot = this.running.slotFor(key, 0);
    this.running.set(slot, Math.max(0, (this.running.get(slot) ?? 0) - cost), 0);
  }

  reset(key: string): void {
    this.running.delete(key);
  }
}

class ConcurrencyDraft extends Draft {
  readonly slot: string;
  readonly allowed: boolean;
  readonly #counter: ConcurrencyCounter;
  readonly #limit: number;
  readonly #cost: number;

  constructor(counter: ConcurrencyCounter, charge: Charge) {
    super();
    this.#counter = counter;
    this.#limit = rateOf(charge).limit;
    this.#cost = charge.cost;
    this.slot = counter.running.slotFor(charge.key, 0);
    this.allowed = charge.cost === 0 || this.#used() + charge.cost <= this.#limit;
  }

  commit(): void {
    if (this.#cost > 0) {
      this.#counter.running.set(this.slot, this.#used() + this.#cost, 0);
      this.charged = true;
    }
    this.complete();
  }

  complete(): void {
    const used = this.#used();
    this.remaining = Math.max(0, this.#limit - used);
    this.retryAfterMs = used + this.#cost > this.#limit ? RETRY_AFTER_MS : 0;
    this.resetMs = used > 0 ? RETRY_AFTER_MS : 0;
  }

  giveBack(_nowMs: number): void {
    this.charged = false;
    // A key that was reset in the meantime has less than this.
    const left = Math.max(0, this.#used() - this.#cost);
    if (left === 0) this.#counter.running.delete(this.slot);
    else this.#counter.running.set(this.slot, left, 0);
    this.complete();
  }

  #used(): number {
    return this.#counter.running.get(this.slot) ?? 0;
  }
}
