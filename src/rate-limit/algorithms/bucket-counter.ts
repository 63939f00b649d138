import { KeyTable } from "../../core/quota/key-table.js";
import { type Charge, type Policy, type Rate, rateOf } from "../policies/policy.js";
import { type Counter, Draft } from "./draft.js";
import { type OpenCharge, OpenCharges } from "./open-charges.js";

/**
 * The numbers of one token bucket, kept as its theoretical arrival time (GCRA): the moment at which the bucket is full
 * again. One number per key holds the whole state, and a time in the past is the same as no state at all.
 *
 * Time runs in ticks, chosen so that a millisecond and a unit are both whole numbers of them: sums stay exact, where
 * fractions of a millisecond would drift and refuse the last unit of a full bucket.
 */
interface TokenBucket {
  readonly ticksPerMs: number;
  /** Ticks in which one unit comes back. */
  readonly ticksPerUnit: number;
  /** Ticks in which an empty bucket fills. */
  readonly depth: number;
}

/**
 * Counts with one number per key, the arrival time. Token buckets and leaky buckets differ in one thing only: of a leaky
 * bucket, an admitted request waits until all units in front of it have come back.
 *
 * Times are kept in ticks of the bucket, or in milliseconds where the rate depends on the request: a key that changes
 * its rate keeps the time in which it is full again, and so the share that it has used.
 */
export class BucketCounter implements Counter {
  readonly times: KeyTable<number>;
  /** For a policy that waits for the answer before it knows whether a charge stays, and where requests wait in a line. */
  readonly open: OpenCharges | undefined;
  readonly leaky: boolean;
  readonly #bucket: TokenBucket | undefined;

  constructor(policy: Policy, maxKeys: number) {
    this.times = new KeyTable(maxKeys, itself);
    this.leaky = policy.algorithm === "leaky-bucket";
    const waits = policy.count !== "all" || policy.costAfter !== undefined || this.leaky;
    this.open = waits ? new OpenCharges() : undefined;
    this.#bucket = policy.rateFor === undefined ? createTokenBucket(policy) : undefined;
  }

  draft(charge: Charge, nowMs: number): Draft {
    const bucket = this.#bucket;
    return bucket === undefined
      ? new BucketDraft(this, bucketOf(rateOf(charge)), charge, nowMs, false)
      : new BucketDraft(this, bucket, charge, nowMs, true);
  }

  reward(charge: Charge, nowMs: number): void {
    const { ticksPerMs, ticksPerUnit } = this.#bucket ?? bucketOf(rateOf(charge));
    const scale = this.#bucket === undefined ? ticksPerMs : 1;
    const now = (nowMs * ticksPerMs) / scale;
    const slot = this.times.slotFor(charge.key, now);
    const arrival = this.times.get(slot);
    if (arrival === undefined) return;
    this.times.set(slot, Math.max(now, arrival - (charge.cost * ticksPerUnit) / scale), now);
  }

  reset(key: string): void {
    this.times.delete(key);
    this.open?.reset(key);
  }
}

class BucketDraft extends Draft implements OpenCharge {
  readonly slot: string;
  readonly allowed: boolean;
  readonly #counter: BucketCounter;
  readonly #bucket: TokenBucket;
  /** Ticks in one unit in which times are kept. */
  readonly #scale: number;
  readonly #before: number;
  readonly #price: number;
  /** Whether the slot has a time, which it keeps until the charge: nothing else runs in between. */
  readonly #isKnown: boolean;
  #now: number;
  /** In the unit in which times are kept. */
  after: number;
  earlier: OpenCharge | undefined = undefined;
  later: OpenCharge | undefined = undefined;

  constructor(
    counter: BucketCounter,
    bucket: TokenBucket,
    { key, cost }: Charge,
    nowMs: number,
    inTicks: boolean,
  ) {
    super(cost);
    const { ticksPerMs, ticksPerUnit, depth } = bucket;
    const scale = inTicks ? 1 : ticksPerMs;
    const now = nowMs * ticksPerMs;
    this.#counter = counter;
    this.#bucket = bucket;
    this.#scale = scale;
    this.#now = now;
    this.slot = counter.times.slotFor(key, now / scale);
    const kept = counter.times.get(this.slot);
    this.#isKnown = kept !== undefined;
    this.#before = this.#arrivalOf(kept, now);
    this.#price = cost * ticksPerUnit;
    this.after = (this.#before + this.#price) / scale;
    // Of a rate that has become smaller, more than all can be spent.
    this.allowed = cost === 0 || this.#before + this.#price - depth <= now;
  }

  commit(): void {
    if (this.#price > 0) {
      const { times } = this.#counter;
      if (this.#isKnown) times.replace(this.slot, this.after);
      else times.set(this.slot, this.after, this.#now / this.#scale);
      this.charged = true;
      this.#counter.open?.add(this);
      if (this.#counter.leaky) this.delayMs = this.#milliseconds(this.#before - this.#now);
    }
    this.#tell(this.#before + this.#price);
  }

  complete(): void {
    this.#tell(this.#before);
  }

  /** At the moment of the charge everything comes back; later, never more than is still missing. */
  giveBack(nowMs: number, units: number): void {
    const { times, open } = this.#counter;
    const now = nowMs * this.#bucket.ticksPerMs;
    const missing = Math.max(0, this.#ticks(this.after) - now);
    const credit = Math.min(units * this.#bucket.ticksPerUnit, missing);
    const arrival = this.#arrivalOf(times.get(this.slot), now) - credit;
    if (credit > 0) times.set(this.slot, arrival / this.#scale, now / this.#scale);
    this.charged = false;
    open?.remove(this, credit / this.#scale);
    this.#now = now;
    this.#tell(Math.max(arrival, now));
  }

  override keep(): void {
    this.charged = false;
    this.#counter.open?.remove(this, 0);
  }

  /** Of a leaky bucket, its turn comes sooner. */
  moveUp(credit: number): void {
    this.after -= credit;
    if (!this.#counter.leaky) return;
    const wait = this.#ticks(this.after) - this.#price - this.#now;
    this.delayMs = Math.max(0, this.#milliseconds(wait));
    this.whenMoved?.();
  }

  forget(): void {
    this.charged = false;
  }

  /** The arrival time that was kept in ticks, `now` when it is not in the future. */
  #arrivalOf(kept: number | undefined, now: number): number {
    return kept === undefined ? now : Math.max(this.#ticks(kept), now);
  }

  #ticks(kept: number): number {
    // A tick is a whole number: what the division of another request has rounded is put right.
    return this.#scale === 1 ? kept : Math.round(kept * this.#scale);
  }

  #milliseconds(ticks: number): number {
    return Math.ceil(ticks / this.#bucket.ticksPerMs);
  }

  #tell(arrival: number): void {
    const { ticksPerUnit, depth } = this.#bucket;
    const available = this.#now + depth - arrival;
    // A rate that has become smaller can leave more in the bucket than it holds.
    this.remaining = Math.max(0, Math.floor(available / ticksPerUnit));
    this.retryAfterMs =
      this.#price === 0 ? 0 : Math.max(0, this.#milliseconds(this.#price - available));
    this.resetMs = this.#milliseconds(arrival - this.#now);
  }
}

const buckets = new WeakMap<Rate, TokenBucket>();

/** Rates of tiers are made once, and so are their buckets. */
function bucketOf(rate: Rate): TokenBucket {
  let bucket = buckets.get(rate);
  if (bucket === undefined) {
    bucket = createTokenBucket(rate);
    buckets.set(rate, bucket);
  }
  return bucket;
}

function itself(time: number): number {
  return time;
}

/** The bucket that fills with `limit` units per window and holds `burst` of them. */
function createTokenBucket({ limit, windowMs, burst }: Rate): TokenBucket {
  // Nothing fits and nothing comes back; its times are those of the clock.
  if (limit === 0) return { ticksPerMs: 1, ticksPerUnit: 1, depth: 0 };
  const divisor = greatestCommonDivisor(limit, windowMs);
  const ticksPerUnit = windowMs / divisor;
  return {
    ticksPerMs: limit / divisor,
    ticksPerUnit,
    depth: burst * ticksPerUnit,
  };
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
