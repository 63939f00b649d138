import type { Charge, Policy } from "../policies/policy.js";
import type { RateLimitResult } from "../stores/rate-limit-store.js";
import { ArrivalTimes } from "./arrival-times.js";
import { type OpenCharge, OpenCharges } from "./open-charges.js";
import { createTokenBucket, type TokenBucket } from "./token-bucket.js";

interface Counter {
  readonly bucket: TokenBucket;
  readonly times: ArrivalTimes;
  /** For a policy that waits for the answer before it knows whether a charge stays. */
  readonly open: OpenCharges | undefined;
}

/** What one charge would change, and, once it is known whether all of them fit, its result. */
class Draft implements RateLimitResult, OpenCharge {
  readonly counter: Counter;
  readonly slot: string;
  readonly before: number;
  after: number;
  earlier: OpenCharge | undefined = undefined;
  later: OpenCharge | undefined = undefined;
  readonly price: number;
  readonly allowed: boolean;
  now: number;
  /** Whether it was charged, and it is open whether that stays. */
  charged = false;
  remaining = 0;
  retryAfterMs = 0;
  resetMs = 0;

  constructor(counter: Counter, { key, cost }: Charge, nowMs: number) {
    const { bucket, times } = counter;
    this.counter = counter;
    this.now = nowMs * bucket.ticksPerMs;
    this.slot = times.slotFor(key, this.now);
    this.before = times.get(this.slot, this.now);
    this.price = cost * bucket.ticksPerUnit;
    this.after = this.before + this.price;
    this.allowed = this.after - bucket.depth <= this.now;
  }
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
        {
          bucket: createTokenBucket(policy),
          times: new ArrivalTimes(maxKeys),
          open: policy.count === "all" ? undefined : new OpenCharges(),
        },
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
      const draft = new Draft(counter, charge, now);
      drafts.push(draft);
      if (!draft.allowed) fits = false;
      if (draft.slot !== charge.key) exhausted = true;
    }
    for (const draft of drafts) {
      if (fits && draft.price > 0) {
        draft.counter.times.set(draft.slot, draft.after, draft.now);
        draft.charged = true;
        draft.counter.open?.add(draft);
      }
      complete(draft, fits ? draft.after : draft.before);
    }
    return { results: drafts, exhausted };
  }

  /**
   * Gives back what a charge took, and brings its result up to date. What has come back with time already is not given a
   * second time: at the moment of the charge, everything is given back; later, never more than is still missing. That is
   * exact for a policy that waits for the answers, which a client can keep open for as long as it likes.
   *
   * @returns Whether the charge had taken anything: `false` for the result of a store, and for what is given back already.
   */
  refund(result: RateLimitResult): boolean {
    if (!(result instanceof Draft) || !result.charged) return false;
    const { counter, slot, after, price } = result;
    const now = this.#now() * counter.bucket.ticksPerMs;
    const credit = Math.min(price, Math.max(0, after - now));
    const arrival = counter.times.get(slot, now) - credit;
    if (credit > 0) counter.times.set(slot, arrival, now);
    result.charged = false;
    counter.open?.remove(result, credit);
    result.now = now;
    complete(result, Math.max(arrival, now));
    return true;
  }

  /** Says that a charge stays, of a policy that waits for the answer. Once, unless it was given back. */
  keep(result: RateLimitResult): void {
    if (!(result instanceof Draft) || !result.charged) return;
    result.charged = false;
    result.counter.open?.remove(result, 0);
  }

  /** Whether the result comes from the memory of this process, not from a store. */
  hasCounted(result: RateLimitResult): boolean {
    return result instanceof Draft;
  }
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
