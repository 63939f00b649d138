import type { RateLimitRequest } from "../../../src/rate-limit/stores/rate-limit-store.js";

/** What a counter says of itself, worked out in the plainest way that there is. Times are in microseconds. */
export interface CounterModel {
  /** Whole units left. */
  remaining(now: number): number;
  /** Charges the units, which fit. @returns Milliseconds that the request waits. */
  charge(now: number, cost: number, id: string): number;
  /** Gives back what is still missing of the charge; of a queue only the last one, as the others have their turns. */
  refund(now: number, id: string): void;
  /** Milliseconds until all is there again. */
  resetMs(now: number): number;
}

/** Units that come back one after the other, each as the moment at which it is whole again: a list, no formula. */
class BucketModel implements CounterModel {
  readonly #request: RateLimitRequest;
  /** In ticks of 1/limit milliseconds, so that a unit is `windowMs` of them. */
  #level = 0n;
  #at = 0n;
  #life = 0;
  readonly #charges = new Map<string, { cost: number; level: bigint; at: bigint; life: number }>();

  constructor(request: RateLimitRequest) {
    this.#request = request;
  }

  remaining(now: number): number {
    this.#drainTo(now);
    const free = BigInt(this.#request.burst * this.#request.windowMs) - this.#level;
    return free <= 0n ? 0 : Number(free / BigInt(this.#request.windowMs));
  }

  charge(now: number, cost: number, id: string): number {
    this.#drainTo(now);
    const wait = this.#request.algorithm === "leaky-bucket" ? this.#ms(this.#level) : 0;
    this.#level += BigInt(cost * this.#request.windowMs);
    this.#charges.set(id, { cost, level: this.#level, at: this.#at, life: this.#life });
    return wait;
  }

  refund(now: number, id: string): void {
    this.#drainTo(now);
    const charge = this.#charges.get(id);
    this.#charges.delete(id);
    if (charge === undefined || charge.life !== this.#life) return;
    const gone = (this.#at - charge.at) * BigInt(this.#request.limit);
    const missing = charge.level - gone;
    const isLast = this.#level <= missing;
    if (this.#request.algorithm === "leaky-bucket" && !isLast) return;
    const price = BigInt(charge.cost * this.#request.windowMs);
    this.#level -= missing < price ? (missing < 0n ? 0n : missing) : price;
    if (this.#level <= 0n) this.#empty();
  }

  resetMs(now: number): number {
    this.#drainTo(now);
    return this.#ms(this.#level);
  }

  #drainTo(now: number): void {
    const ms = BigInt(Math.floor(now / 1000));
    this.#level -= (ms - this.#at) * BigInt(this.#request.limit);
    this.#at = ms;
    if (this.#level <= 0n) this.#empty();
  }

  #empty(): void {
    this.#level = 0n;
    this.#life += 1;
  }

  #ms(ticks: bigint): number {
    const limit = BigInt(this.#request.limit);
    return Number((ticks + limit - 1n) / limit);
  }
}

class WindowModel implements CounterModel {
  readonly #request: RateLimitRequest;
  #end = 0;
  #charges = new Map<string, number>();

  constructor(request: RateLimitRequest) {
    this.#request = request;
  }

  remaining(now: number): number {
    this.#open(now);
    return this.#request.burst - [...this.#charges.values()].reduce((sum, cost) => sum + cost, 0);
  }

  charge(now: number, cost: number, id: string): number {
    this.#open(now);
    if (this.#charges.size === 0) this.#end = Math.floor(now / 1000) + this.#request.windowMs;
    this.#charges.set(id, cost);
    return 0;
  }

  refund(now: number, id: string): void {
    this.#open(now);
    this.#charges.delete(id);
  }

  resetMs(now: number): number {
    this.#open(now);
    return this.#charges.size === 0 ? 0 : this.#end - Math.floor(now / 1000);
  }

  #open(now: number): void {
    if (Math.floor(now / 1000) >= this.#end) this.#charges.clear();
  }
}

/** A log, and leases: units that are away until they are given back or their time is over. */
class UnitsModel implements CounterModel {
  readonly #request: RateLimitRequest;
  #units: { id: string; back: number }[] = [];

  constructor(request: RateLimitRequest) {
    this.#request = request;
  }

  remaining(now: number): number {
    return this.#request.burst - this.#away(now).length;
  }

  charge(now: number, cost: number, id: string): number {
    for (let unit = 0; unit < cost; unit += 1) {
      this.#units.push({ id, back: now + this.#request.windowMs * 1000 });
    }
    return 0;
  }

  refund(_now: number, id: string): void {
    this.#units = this.#units.filter((unit) => unit.id !== id);
  }

  resetMs(now: number): number {
    return Math.max(0, ...this.#away(now).map(({ back }) => Math.ceil((back - now) / 1000)));
  }

  #away(now: number): readonly { back: number }[] {
    return this.#units.filter(({ back }) => back > now);
  }
}

export function createModel(request: RateLimitRequest): CounterModel {
  if (request.algorithm === "fixed-window") return new WindowModel(request);
  return request.algorithm === "sliding-log" || request.algorithm === "concurrency"
    ? new UnitsModel(request)
    : new BucketModel(request);
}
