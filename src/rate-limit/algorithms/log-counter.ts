import { KeyTable } from "../../core/quota/key-table.js";
import { type Charge, type Policy, rateOf } from "../policies/policy.js";
import { type Counter, Draft } from "./draft.js";

/** Units that were spent at one moment. */
interface Entry {
  readonly at: number;
  units: number;
}

/** What a key has spent within the last window, oldest first. */
interface Log {
  readonly entries: Entry[];
  /** Those before it have left the window. */
  first: number;
  used: number;
  end: number;
}

/** As many entries as fit for each of `maxKeys` on average: a key needs up to `limit` of them. */
const ENTRIES_PER_KEY = 10;

/** Remembers the moment of every unit: never more than the limit passes in any span of one window. */
export class LogCounter implements Counter {
  readonly logs: KeyTable<Log>;

  constructor(policy: Policy, maxKeys: number) {
    // At most: where the limit depends on the request, it is the largest one.
    const room = Math.floor((maxKeys * ENTRIES_PER_KEY) / Math.max(1, policy.limit));
    this.logs = new KeyTable(Math.max(1, Math.min(maxKeys, room)), ({ end }) => end);
  }

  draft(charge: Charge, nowMs: number): Draft {
    return new LogDraft(this, charge, nowMs);
  }

  /** The newest units: they would stay for the longest time. */
  reward({ key, cost }: Charge, nowMs: number): void {
    const log = this.logs.get(this.logs.slotFor(key, nowMs));
    let units = cost;
    for (let index = (log?.entries.length ?? 0) - 1; units > 0 && log !== undefined; index -= 1) {
      const entry = log.entries[index];
      if (entry === undefined || index < log.first) return;
      const back = Math.min(entry.units, units);
      entry.units -= back;
      log.used -= back;
      units -= back;
      if (entry.units === 0) log.entries.pop();
    }
  }

  reset(key: string): void {
    this.logs.delete(key);
  }
}

class LogDraft extends Draft {
  readonly slot: string;
  readonly allowed: boolean;
  readonly #counter: LogCounter;
  readonly #log: Log;
  readonly #limit: number;
  readonly #windowMs: number;
  #now: number;

  constructor(counter: LogCounter, charge: Charge, now: number) {
    super(charge.cost);
    const { limit, windowMs } = rateOf(charge);
    this.#counter = counter;
    this.slot = counter.logs.slotFor(charge.key, now);
    this.#log = counter.logs.get(this.slot) ?? { entries: [], first: 0, used: 0, end: 0 };
    this.#limit = limit;
    this.#windowMs = windowMs;
    this.#now = now;
    this.#forget(now);
    this.allowed = charge.cost === 0 || this.#log.used + charge.cost <= limit;
  }

  commit(): void {
    if (this.cost > 0) {
      const log = this.#log;
      const last = log.entries.at(-1);
      if (last !== undefined && last.at === this.#now) last.units += this.cost;
      else log.entries.push({ at: this.#now, units: this.cost });
      log.used += this.cost;
      log.end = this.#now + this.#windowMs;
      this.#counter.logs.set(this.slot, log, this.#now);
      this.charged = true;
    }
    this.complete();
  }

  complete(): void {
    const { used, entries } = this.#log;
    this.remaining = Math.max(0, this.#limit - used);
    this.retryAfterMs = this.cost === 0 ? 0 : this.#untilFree(used + this.cost - this.#limit);
    const last = entries.at(-1);
    this.resetMs = last === undefined ? 0 : this.#untilGone(last);
  }

  /** The units of its own moment, if that has not left the window. */
  giveBack(nowMs: number, units: number): void {
    const at = this.#now;
    this.#now = nowMs;
    this.charged = false;
    this.#forget(nowMs);
    const log = this.#log;
    const index = indexAt(log, at);
    const entry = log.entries[index];
    if (entry !== undefined) {
      const back = Math.min(entry.units, units);
      entry.units -= back;
      log.used -= back;
      // Else requests that do not count would fill the memory.
      if (entry.units === 0) log.entries.splice(index, 1);
    }
    if (log.used === 0 && this.#counter.logs.get(this.slot) === log) {
      this.#counter.logs.delete(this.slot);
    }
    this.complete();
  }

  override keep(): void {
    this.charged = false;
  }

  /** Each entry is forgotten once, so the work is that of the requests that made them. */
  #forget(now: number): void {
    const log = this.#log;
    const { entries } = log;
    while (log.first < entries.length) {
      const { at, units } = entries[log.first] as Entry;
      if (at + this.#windowMs > now) break;
      log.used -= units;
      log.first += 1;
    }
    if (log.first * 2 > entries.length) {
      entries.splice(0, log.first);
      log.first = 0;
    }
  }

  /** Until so many units have left the window: at most as many steps as the log has entries. */
  #untilFree(units: number): number {
    const { entries, first } = this.#log;
    let missing = units;
    for (let index = first; missing > 0 && index < entries.length; index += 1) {
      const entry = entries[index] as Entry;
      missing -= entry.units;
      if (missing <= 0) return this.#untilGone(entry);
    }
    return 0;
  }

  #untilGone({ at }: Entry): number {
    return Math.max(0, Math.ceil(at + this.#windowMs - this.#now));
  }
}

/** Where the entry of that moment stands, -1 without one; by halving, as the moments only grow. */
function indexAt({ entries, first }: Log, at: number): number {
  let low = first;
  let high = entries.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const entry = entries[middle] as Entry;
    if (entry.at === at) return middle;
    if (entry.at < at) low = middle + 1;
    else high = middle - 1;
  }
  return -1;
}
