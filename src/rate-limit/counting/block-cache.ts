import { KeyTable } from "../../core/quota/key-table.js";
import type { Charge } from "../policies/policy.js";
import type { RateLimitResult } from "../stores/rate-limit-store.js";
import type { Count } from "./count.js";

const MAX_BLOCKS = 10_000;
/** After that the store is asked again: another process may have ended the block. */
const LONGEST_MEMORY_MS = 10_000;

/** One block, as the store has told it. */
interface Block {
  /** When it ends. */
  readonly until: number;
  /** When the store is asked again. */
  readonly trustedUntil: number;
}

/** What a store said about keys that it blocks: their requests are refused without asking it. */
export class BlockCache {
  readonly #blocks = new KeyTable<Block>(MAX_BLOCKS, ({ trustedUntil }) => trustedUntil);

  /** The refusal of a request one of whose keys is blocked; `undefined` when none is known to be. */
  blockedOf(charges: readonly Charge[]): Count | undefined {
    const now = performance.now();
    for (const charge of charges) {
      const block = charge.policy.blocking && this.#blocks.get(nameOf(charge));
      if (block === undefined || block.trustedUntil <= now) continue;
      const left = Math.ceil(block.until - now);
      const result = {
        allowed: false,
        remaining: 0,
        retryAfterMs: left,
        resetMs: left,
        blocked: true,
      };
      return { charges: [charge], results: [result], notice: undefined };
    }
    return undefined;
  }

  remember(charges: readonly Charge[], results: readonly RateLimitResult[]): void {
    for (let index = 0; index < charges.length; index += 1) {
      const result = results[index];
      if (result?.blocked !== true) continue;
      const now = performance.now();
      const name = nameOf(charges[index] as Charge);
      if (this.#blocks.slotFor(name, now) !== name) continue;
      const { retryAfterMs } = result;
      const trustedUntil = now + Math.min(retryAfterMs, LONGEST_MEMORY_MS);
      this.#blocks.set(name, { until: now + retryAfterMs, trustedUntil }, now);
    }
  }

  forget(charge: Charge): void {
    this.#blocks.delete(nameOf(charge));
  }
}

function nameOf({ policy, key }: Charge): string {
  return `${policy.name}\n${key}`;
}
