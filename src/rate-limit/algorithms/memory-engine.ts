import type { Charge, Policy } from "../policies/policy.js";
import type { RateLimitResult } from "../stores/rate-limit-store.js";
import { ArrivalTimes } from "./arrival-times.js";
import { createTokenBucket, type TokenBucket } from "./token-bucket.js";

interface Counter {
  readonly bucket: TokenBucket;
  readonly times: ArrivalTimes;
}

/** What one charge would change, and, once it is known whether all of them fit, its result. */
interface Draft extends RateLimitResult {
  readonly counter: Counter;
  readonly slot: string;
  readonly now: number;
  readonly before: number;
  readonly after: number;
  readonly price: number;
  remaining: number;
  retryAfterMs: number;
  resetMs: number;
}

/** What the policies of a limiter say to one request. */
export interface Consumption {
  /** One result for each charge, in the same order. */
  readonly results: readonly RateLimitResult[];
  /** Whether a charge was counted under the shared key because its policy holds `maxKeys` others. */
  readonly exhausted: boolean;
}

/** Counts in the memory of this process: synchronously, with one number per key. */
export class MemoryEngine {
  readonly #counters: ReadonlyMap<Policy, Counter>;
  readonly #now: () => number;

  /** @param now - Whole milliseconds of a clock that never runs backwards. */
  constructor(policies: readonly Policy[], maxKeys: number, now: () => number = monotonicNow) {
    this.#now = now;
    this.#counters = new Map(
      policies.map((policy) => [
        policy,
        { bucket: createTokenBucket(policy), times: new ArrivalTimes(maxKeys) },
      ]),
    );
  }

  /** Charges all or nothing. */
  consume(charges: readonly Charge[]): Consumption {
    const now = this.#now();
    const drafts: Draft[] = [];
    let fits = true;
    let exhausted = false;
    for (const charge of charges) {
      const counter = this.#counters.get(charge.policy);
      if (counter === undefined) throw new Error("a charge of another limiter");
      const draft = draftOf(counter, charge, now);
      drafts.push(draft);
      if (!draft.allowed) fits = false;
      if (draft.slot !== charge.key) exhausted = true;
    }
    for (const draft of drafts) {
      if (fits && draft.price > 0) draft.counter.times.set(draft.slot, draft.after, draft.now);
      complete(draft, fits ? draft.after : draft.before);
    }
    return { results: drafts, exhausted };
  }
}

function draftOf(counter: Counter, charge: Charge, nowMs: number): Draft {
  const { bucket, times } = counter;
  const now = nowMs * bucket.ticksPerMs;
  const slot = times.slotFor(charge.key, now);
  const before = times.get(slot, now);
  const price = charge.cost * bucket.ticksPerUnit;
  const after = before + price;
  const allowed = after - bucket.depth <= now;
  return {
    counter,
    slot,
    now,
    before,
    after,
    price,
    allowed,
    remaining: 0,
    retryAfterMs: 0,
    resetMs: 0,
  };
}

function complete(draft: Draft, arrival: number): void {
  const { ticksPerMs, ticksPerUnit, depth } = draft.counter.bucket;
  const available = draft.now + depth - arrival;
  draft.remaining = Math.floor(available / ticksPerUnit);
  draft.retryAfterMs = Math.max(0, Math.ceil((draft.price - available) / ticksPerMs));
  draft.resetMs = Math.ceil((arrival - draft.now) / ticksPerMs);
}

function monotonicNow(): number {
  return Math.floor(performance.now());
}
