import { KeyTable } from "../../core/quota/key-table.js";
import { type Charge, rateOf } from "../policies/policy.js";
import { type Counter, Draft } from "./draft.js";

/** What was spent in a window, and when that ends. */
interface Window {
  readonly end: number;
  used: number;
}

/** Counts in windows that begin with the first request of a key: up to twice the limit can pass around the end of one. */
export class WindowCounter implements Counter {
  readonly windows: KeyTable<Window>;

  constructor(maxKeys: number) {
    this.windows = new KeyTable(maxKeys, ({ end }) => end);
  }

  draft(charge: Charge, nowMs: number): Draft {
    return new WindowDraft(this, charge, nowMs);
  }

  reward({ key, cost }: Charge, nowMs: number): void {
    const slot = this.windows.slotFor(key, nowMs);
    const window = openAt(this.windows.get(slot), nowMs);
    if (window !== undefined) this.giveBack(slot, window, cost);
  }

  /** A window in which nothing is spent has not begun: requests that do not count fill no memory. */
  giveBack(slot: string, window: Window, units: number): void {
    window.used = Math.max(0, window.used - units);
    if (window.used === 0) this.windows.delete(slot);
  }

  reset(key: string): void {
    this.windows.delete(key);
  }
}

class WindowDraft extends Draft {
  readonly slot: string;
  readonly allowed: boolean;
  readonly #counter: WindowCounter;
  readonly #window: Window;
  readonly #limit: number;
  readonly #now: number;

  constructor(counter: WindowCounter, charge: Charge, now: number) {
    super(charge.cost);
    const { limit, windowMs } = rateOf(charge);
    this.#counter = counter;
    this.slot = counter.windows.slotFor(charge.key, now);
    this.#window = openAt(counter.windows.get(this.slot), now) ?? { end: now + windowMs, used: 0 };
    this.#limit = limit;
    this.#now = now;
    this.allowed = charge.cost === 0 || this.#window.used + charge.cost <= limit;
  }

  commit(): void {
    if (this.cost > 0) {
      this.#window.used += this.cost;
      this.#counter.windows.set(this.slot, this.#window, this.#now);
      this.charged = true;
    }
    this.complete();
  }

  complete(): void {
    this.#tell(this.#window.used, this.#now);
  }

  /** Into the window that it was taken from; a later one has nothing to do with it. */
  giveBack(nowMs: number, units: number): void {
    this.charged = false;
    const current = openAt(this.#counter.windows.get(this.slot), nowMs);
    if (current !== undefined && current === this.#window) {
      this.#counter.giveBack(this.slot, current, units);
    }
    this.#tell(current?.used ?? 0, nowMs);
  }

  override keep(): void {
    this.charged = false;
  }

  #tell(used: number, now: number): void {
    const untilEnd = Math.max(0, Math.ceil(this.#window.end - now));
    this.remaining = Math.max(0, this.#limit - used);
    this.retryAfterMs = this.cost > 0 && used + this.cost > this.#limit ? untilEnd : 0;
    this.resetMs = used > 0 ? untilEnd : 0;
  }
}

function openAt(window: Window | undefined, now: number): Window | undefined {
  return window !== undefined && window.end > now ? window : undefined;
}
