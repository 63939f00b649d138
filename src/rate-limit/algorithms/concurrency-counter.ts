import { KeyTable } from "../../core/quota/key-table.js";
import { type Charge, rateOf } from "../policies/policy.js";
import { type Counter, Draft } from "./draft.js";

/** Nobody knows when a request that runs will end. */
const RETRY_AFTER_MS = 1000;

/** What runs of one key, since it was reset: what was begun before that does not end here. */
interface Running {
  units: number;
}

/** Counts what runs at the same time. Each charge is given back when its request is over, so nothing here expires. */
export class ConcurrencyCounter implements Counter {
  readonly running: KeyTable<Running>;

  constructor(maxKeys: number) {
    this.running = new KeyTable(maxKeys, () => Number.POSITIVE_INFINITY);
  }

  draft(charge: Charge, _nowMs: number): Draft {
    return new ConcurrencyDraft(this, charge);
  }

  /** Only the end of a request gives back: places given by hand would be given a second time then. */
  reward(): void {}

  reset(key: string): void {
    this.running.delete(key);
  }
}

class ConcurrencyDraft extends Draft {
  readonly slot: string;
  readonly allowed: boolean;
  readonly #counter: ConcurrencyCounter;
  readonly #running: Running;
  readonly #limit: number;

  constructor(counter: ConcurrencyCounter, charge: Charge) {
    super(charge.cost);
    this.#counter = counter;
    this.#limit = rateOf(charge).limit;
    this.slot = counter.running.slotFor(charge.key, 0);
    this.#running = counter.running.get(this.slot) ?? { units: 0 };
    this.allowed = this.cost === 0 || this.#running.units + this.cost <= this.#limit;
  }

  commit(): void {
    if (this.cost > 0) {
      this.#running.units += this.cost;
      this.#counter.running.set(this.slot, this.#running, 0);
      this.charged = true;
    }
    this.complete();
  }

  complete(): void {
    const { units } = this.#running;
    this.remaining = Math.max(0, this.#limit - units);
    const isFull = this.cost > 0 && units + this.cost > this.#limit;
    this.retryAfterMs = isFull ? RETRY_AFTER_MS : 0;
    this.resetMs = units > 0 ? RETRY_AFTER_MS : 0;
  }

  giveBack(_nowMs: number, units: number): void {
    this.charged = false;
    const { running } = this.#counter;
    this.#running.units -= units;
    if (this.#running.units === 0 && running.get(this.slot) === this.#running) {
      running.delete(this.slot);
    }
    this.complete();
  }
}
