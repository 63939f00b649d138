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
  /** Blocks so far. */
  strikes: number;
  until: number;
  /** When the blocks so far are forgotten. */
  forgetAt: number;
}

/**
 * Blocks keys that keep being refused, each time for longer, in the memory of this process. Blocks have a table of their own:
 * many keys that are refused once do not take their room.
 */
export class KeyBlocks {
  readonly #refusals: KeyTable<Refusals>;
  readonly #blocks: KeyTable<Block>;

  constructor(maxKeys: number) {
    this.#refusals = new KeyTable(maxKeys, ({ until }) => until);
    this.#blocks = new KeyTable(maxKeys, ({ until, forgetAt }) => Math.max(until, forgetAt));
  }

  /** Milliseconds for which the key is still blocked, 0 for one that is not. */
  blockedFor(key: string, now: number): number {
    const block = this.#blocks.get(key);
    return block === undefined ? 0 : Math.max(0, Math.ceil(block.until - now));
  }

  /** Notes that a limit refused the key. @returns Milliseconds of the block that this has started, or 0. */
  refused(
    key: string,
    { after, withinMs, durationsMs, forgetMs }: RateLimitBlocking,
    now: number,
  ): number {
    const refusals = this.#refusals.get(key);
    const isCurrent = refusals !== undefined && refusals.until > now;
    const current = isCurrent ? refusals : { count: 0, until: now + withinMs };
    current.count += 1;
    if (current.count < after) {
      keep(this.#refusals, key, current, now);
      return 0;
    }
    this.#refusals.delete(key);
    const block = this.#blockOf(key, now);
    const duration = durationsMs[Math.min(block.strikes, durationsMs.length - 1)] as number;
    block.strikes += 1;
    block.until = now + duration;
    block.forgetAt = block.until + forgetMs;
    return keep(this.#blocks, key, block, now) ? duration : 0;
  }

  /** Blocks the key for so long, as no offence; 0 ends a block. @returns Whether there was room for it. */
  block(key: string, durationMs: number, now: number): boolean {
    const block = this.#blockOf(key, now);
    block.until = now + durationMs;
    return keep(this.#blocks, key, block, now) || durationMs === 0;
  }

  reset(key: string): void {
    this.#refusals.delete(key);
    this.#blocks.delete(key);
  }

  #blockOf(key: string, now: number): Block {
    const block = this.#blocks.get(key) ?? { strikes: 0, until: 0, forgetAt: 0 };
    if (block.forgetAt <= now) block.strikes = 0;
    return block;
  }
}

/** A key for which there is no room is not blocked: a shared block would lock out strangers. */
function keep<T>(table: KeyTable<T>, key: string, value: T, now: number): boolean {
  const fits = table.slotFor(key, now) === key;
  if (fits) table.set(key, value, now);
  return fits;
}
