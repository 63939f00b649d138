import { KeyTable } from "../../core/quota/key-table.js";
import type { RateLimitBlocking } from "../policies/policy.js";

/** What a key was refused lately. */
interface Refusals {
  count: number;
  /** When they are forgotten. */
  readonly until: number;
}

/** The blocks of a key. */
interface Block {
  /** How many blocks were remembered when the last one began: at most one for each duration. */
  strikes: number;
  /** When the last one ends, or has ended. From then on the time counts in which they are forgotten. */
  until: number;
}

/**
 * Blocks keys that keep being refused, each time for longer, in the memory of this process. Blocks have a table of their own:
 * many keys that are refused once do not take their room.
 */
export class KeyBlocks {
  readonly #refusals: KeyTable<Refusals>;
  readonly #blocks: KeyTable<Block>;
  readonly #blocking: RateLimitBlocking;

  constructor(blocking: RateLimitBlocking, maxKeys: number) {
    const { forgetMs } = blocking;
    this.#blocking = blocking;
    this.#refusals = new KeyTable(maxKeys, ({ until }) => until);
    this.#blocks = new KeyTable(maxKeys, ({ strikes, until }) => until + strikes * forgetMs);
  }

  /** Milliseconds for which the key is still blocked, 0 for one that is not. */
  blockedFor(key: string, now: number): number {
    const block = this.#blocks.get(key);
    return block === undefined ? 0 : Math.max(0, Math.ceil(block.until - now));
  }

  /** Notes that a limit refused the key. @returns Milliseconds of the block that this has started, or 0. */
  refused(key: string, now: number): number {
    const { after, withinMs, durationsMs } = this.#blocking;
    const refusals = this.#refusals.get(key);
    const isCurrent = refusals !== undefined && refusals.until > now;
    const current = isCurrent ? refusals : { count: 0, until: now + withinMs };
    current.count += 1;
    if (current.count < after) {
      keep(this.#refusals, key, current, now);
      return 0;
    }
    this.#refusals.delete(key);
    const strikes = Math.min(this.#strikesOf(key, now) + 1, durationsMs.length);
    const duration = durationsMs[strikes - 1] as number;
    return keep(this.#blocks, key, { strikes, until: now + duration }, now) ? duration : 0;
  }

  /** Blocks the key for so long, as no offence; 0 ends a block. @returns Whether there was room for it. */
  block(key: string, durationMs: number, now: number): boolean {
    if (durationMs === 0 && this.blockedFor(key, now) === 0) return true;
    const block = { strikes: this.#strikesOf(key, now), until: now + durationMs };
    return keep(this.#blocks, key, block, now) || durationMs === 0;
  }

  reset(key: string): void {
    this.#refusals.delete(key);
    this.#blocks.delete(key);
  }

  /** The blocks that are remembered: one fewer after each time without a block. */
  #strikesOf(key: string, now: number): number {
    const { strikes, until } = this.#blocks.get(key) ?? { strikes: 0, until: now };
    const quietMs = Math.max(0, now - until);
    return Math.max(0, strikes - Math.floor(quietMs / this.#blocking.forgetMs));
  }
}

/** A key for which there is no room is not blocked: a shared block would lock out strangers. */
function keep<T>(table: KeyTable<T>, key: string, value: T, now: number): boolean {
  const fits = table.slotFor(key, now) === key;
  if (fits) table.set(key, value, now);
  return fits;
}
