import { OutsideScope } from "../../core/calls/outside-scope.js";
import { addExitHook, removeExitHook } from "../process/exit-hooks.js";
import { afterRealTime } from "../process/real-time.js";

/** Requests that were alike, and got no records of their own. */
export interface Repeats<What> {
  /** What the first of them, and all others, were. */
  readonly what: What;
  readonly count: number;
  /** When the first of them arrived, in milliseconds since 1970. */
  readonly first: number;
  readonly last: number;
}

/** One request that may be a repetition. */
export interface Occurrence<What> {
  /** The same for requests that are alike. */
  readonly key: string;
  readonly what: () => What;
  /** What stands in place of `key` when there are too many of them: few, whatever clients send. */
  readonly sharedKey: string;
  readonly sharedWhat: () => What;
  /** When it arrived, in milliseconds since 1970. */
  readonly at: number;
}

/** Bounds for each minute. */
export interface RepeatLimits {
  /** Of the same key, so many get a record of their own. */
  readonly fullPerKey: number;
  /** Of all keys together, so many get a record of their own. */
  readonly full: number;
  /** So many keys are told apart; the others share theirs. */
  readonly keys: number;
  /** Of the same shared key, so many get a record of their own. @default `fullPerKey` */
  readonly fullPerSharedKey?: number;
}

const MINUTE = 60_000;
const LIMITS: RepeatLimits = { fullPerKey: 100, full: 2000, keys: 1000 };

interface Entry<What> {
  readonly what: What;
  seen: number;
  readonly full: number;
  count: number;
  first: number;
  last: number;
}

/**
 * Counts requests that are alike, minute by minute. The first ones get records of their own; the others are told when the
 * minute is over, or before the process ends if that runs any code. No request is missing, none is told twice.
 */
export class RepeatCounter<What> {
  readonly #tell: (repeats: Repeats<What>) => void;
  readonly #limits: RepeatLimits;
  readonly #afterMinute: (milliseconds: number, callback: () => void) => void;
  readonly #entries = new Map<string, Entry<What>>();
  /** Neither the timer nor what it writes belongs to a request. */
  readonly #nobody = new OutsideScope("ExpressSecureApiAuditRepeats");
  readonly #flush = (): void => this.#nobody.runInAsyncScope(() => this.flush());
  #full = 0;
  #minutes = 0;

  /** @param tell - Must not throw. */
  constructor(
    tell: (repeats: Repeats<What>) => void,
    limits: RepeatLimits = LIMITS,
    afterMinute = afterRealTime,
  ) {
    this.#tell = tell;
    this.#limits = limits;
    this.#afterMinute = afterMinute;
  }

  /** @returns Whether the request was counted: if not, it gets a record of its own. */
  count(occurrence: Occurrence<What>): boolean {
    if (this.#entries.size === 0) this.#begin();
    // Each time, because an app may remove all listeners of "exit".
    addExitHook(this.#flush);
    const entry = this.#entryOf(occurrence);
    entry.seen += 1;
    if (entry.seen <= entry.full && this.#full < this.#limits.full) {
      this.#full += 1;
      return false;
    }
    const { at } = occurrence;
    entry.first = entry.count === 0 ? at : Math.min(entry.first, at);
    entry.last = entry.count === 0 ? at : Math.max(entry.last, at);
    entry.count += 1;
    return true;
  }

  /** Tells what was counted, and begins anew. */
  flush(): void {
    this.#minutes += 1;
    this.#full = 0;
    // One by one: a sink may end the process, and the hook tells the rest.
    for (const [key, { what, count, first, last }] of this.#entries) {
      this.#entries.delete(key);
      if (count > 0) this.#tell({ what, count, first, last });
    }
    removeExitHook(this.#flush);
  }

  #begin(): void {
    const minute = this.#minutes;
    this.#nobody.runInAsyncScope(() =>
      this.#afterMinute(MINUTE, () => {
        // A timer cannot be taken back: one of an earlier minute has nothing to say.
        if (minute === this.#minutes) this.#flush();
      }),
    );
  }

  #entryOf({ key, what, sharedKey, sharedWhat }: Occurrence<What>): Entry<What> {
    const known = this.#entries.get(key);
    if (known !== undefined) return known;
    const { keys, fullPerKey, fullPerSharedKey = fullPerKey } = this.#limits;
    return this.#entries.size < keys
      ? this.#add(key, what(), fullPerKey)
      : (this.#entries.get(sharedKey) ?? this.#add(sharedKey, sharedWhat(), fullPerSharedKey));
  }

  #add(key: string, what: What, full: number): Entry<What> {
    const entry = { what, seen: 0, full, count: 0, first: 0, last: 0 };
    this.#entries.set(key, entry);
    return entry;
  }
}
