import { KeyTable } from "../../core/quota/key-table.js";
import type { RateLimitBlocking } from "../policies/policy.js";

/** What a key was refused lately, and whether it is blocked. */
interface Offences {
  refusals: number;
  /** When the refusals are forgotten. */
  until: number;
  /** Blocks so far. */
  strikes: number;
  blockedUntil: number;
  /** When the blocks are forgotten. */
  forgetAt: number;
}

/** Blocks keys that keep being refused, each time for longer, in the memory of this process. */
export class KeyBlocks {
  readonly #offences: KeyTable<Offences>;

  constructor(maxKeys: number) {
    this.#offences = new KeyTable(maxKeys, ({ until, blockedUntil, forgetAt }) =>
      Math.max(until, blockedUntil, forgetAt),
    );
  }

  /** Milliseconds for which the key is still blocked, 0 for one that is not. */
  blockedFor(key: string, now: number): number {
    const offences = this.#offences.get(key);
    return offences === undefined ? 0 : Math.max(0, Math.ceil(offences.blockedUntil - now));
  }

  /** Notes that a limit refused the key. @returns Milliseconds of the block that this has started, or 0. */
  refused(key: string, blocking: RateLimitBlocking, now: number): number {
    const offences = this.#currentOf(key, now);
    if (offences.refusals === 0) offences.until = now + blocking.withinMs;
    offences.refusals += 1;
    let duration = 0;
    if (offences.refusals >= blocking.after) {
      const { durationsMs, forgetMs } = blocking;
      duration = durationsMs[Math.min(offences.strikes, durationsMs.length - 1)] as number;
      offences.strikes += 1;
      offences.refusals = 0;
      offences.until = now;
      offences.blockedUntil = now + duration;
      offences.forgetAt = offences.blockedUntil + forgetMs;
    }
    this.#keep(key, offences, now);
    return duration;
  }

  /** Blocks the key for so long, as no offence; 0 ends a block. */
  block(key: string, durationMs: number, now: number): void {
    const offences = this.#currentOf(key, now);
    offences.blockedUntil = now + durationMs;
    this.#keep(key, offences, now);
  }

  reset(key: string): void {
    this.#offences.delete(key);
  }

  #currentOf(key: string, now: number): Offences {
    const offences = this.#offences.get(key) ?? {
      refusals: 0,
      until: 0,
      strikes: 0,
      blockedUntil: 0,
      forgetAt: 0,
    };
    if (offences.until <= now) offences.refusals = 0;
    if (offences.forgetAt <= now) offences.strikes = 0;
    return offences;
  }

  /** One key for which there is no room is not blocked: a shared block would lock out strangers. */
  #keep(key: string, offences: Offences, now: number): void {
    if (this.#offences.slotFor(key, now) === key) this.#offences.set(key, offences, now);
  }
}
