import { hash } from "node:crypto";
import { promiseOf } from "../../core/calls/follow.js";
import type { RateLimitRequest, RateLimitResult } from "../stores/rate-limit-store.js";
import {
  type FlexibleLimiter,
  isOfClass,
  type KeyState,
  LONGEST_TIMER_SECONDS,
  stateIn,
  stateOf,
} from "./flexible-limiter.js";

/** What a limiter made of one request. */
export interface Attempt {
  readonly allowed: boolean;
  /** What is consumed without the request. */
  readonly before: number;
  /** What the request has added: 0 where it was only looked, and where the limiter blocks what it refuses. */
  readonly added: number;
  readonly resetMs: number;
  readonly blocked: boolean;
  /** When the window ends, by the clock of the process, and not later. */
  readonly endsAt: number;
}

const UNTOUCHED: KeyState = { consumed: 0, resetMs: 0 };
/** Databases know no key with a blank or a NUL, and cut or fold others. */
const PLAIN_KEY = /^[\x21-\x7e]*$/;
const LARGEST_MARK = 2 ** 29;

/** Counts the requests of one policy in one limiter. */
export class LimiterCounter {
  readonly #limiter: FlexibleLimiter;
  /** Whether the limiter blocks a key that it refuses. */
  readonly #blocksRefused: boolean;
  /** What is counted for a key that is blocked by hand … */
  readonly #mark: number;
  /** … and from where on it is: what other requests are given back meanwhile, or are not yet, does not reach it. */
  readonly #blockedFrom: number;

  constructor(limiter: FlexibleLimiter) {
    const { blockDuration } = limiter as { blockDuration?: unknown };
    const { points } = limiter;
    this.#limiter = limiter;
    this.#blocksRefused = typeof blockDuration === "number" && blockDuration > 0;
    // Below what a database with integers of 32 bits can add to.
    const above = Math.min(LARGEST_MARK, Math.max(1_000_000, 100 * points));
    this.#mark = points + above;
    this.#blockedFrom = points + above / 2;
  }

  /** Charges the request if it fits; what the limiter charges although it refuses is in `added`. */
  async take(request: RateLimitRequest): Promise<Attempt> {
    const { cost } = request;
    if (cost === 0) return this.look(request);
    const asked = performance.now();
    const [state, allowed] = await this.#consume(keyOf(request), cost);
    const before = state.consumed - cost;
    const blocked = !allowed && this.#blocked(state);
    // The limiter blocks a key by what it writes over the count, in a call of its own: to give back what it has refused
    // before that would end the block.
    const stays = !allowed && this.#blocksRefused;
    return this.#attempt(state, asked, { allowed, before, added: stays ? 0 : cost, blocked });
  }

  /** Says what would become of the request. */
  async look(request: RateLimitRequest): Promise<Attempt> {
    const asked = performance.now();
    const state = await this.#read(keyOf(request));
    const before = state.consumed;
    const { cost } = request;
    const blocked = before > this.#limiter.points && this.#blocked(state);
    const fits = cost === 0 || before + cost <= this.#limiter.points;
    return this.#attempt(state, asked, { allowed: fits && !blocked, before, added: 0, blocked });
  }

  #attempt(
    { resetMs }: KeyState,
    asked: number,
    rest: Pick<Attempt, "allowed" | "before" | "added" | "blocked">,
  ): Attempt {
    return { ...rest, resetMs, endsAt: asked + resetMs };
  }

  /** What the store answers, for a request that was charged or for one that was not. */
  resultOf(attempt: Attempt, { cost }: RateLimitRequest, charged: boolean): RateLimitResult {
    const { allowed, before, added, resetMs, blocked, endsAt } = attempt;
    const left = this.#limiter.points - before - (charged ? added : 0);
    const remaining = Math.min(this.#limiter.points, Math.max(0, left));
    const waits = !allowed || blocked || remaining < cost;
    return {
      allowed,
      remaining,
      retryAfterMs: waits ? resetMs : 0,
      resetMs,
      blocked: blocked || undefined,
      receipt: charged ? String(endsAt) : undefined,
    };
  }

  /** Gives back what the limiter has charged just now. */
  async giveBack(request: RateLimitRequest, { added, endsAt }: Attempt): Promise<void> {
    if (added === 0 || endsSoon(endsAt, request)) return;
    if (this.#blocksRefused) await this.refund(request, undefined);
    else await this.#reward(keyOf(request), added);
  }

  /**
   * Gives back what is still counted of a charge, at most: nothing when the window ends, and nothing of a block.
   *
   * @param receipt - When the window of the charge ends; `undefined` for whichever window there is.
   */
  async refund(request: RateLimitRequest, receipt: string | undefined): Promise<void> {
    if (receipt !== undefined && endsSoon(Number(receipt), request)) return;
    const key = keyOf(request);
    const { consumed } = await this.#read(key);
    if (consumed > this.#limiter.points && (this.#blocksRefused || consumed >= this.#blockedFrom)) {
      return;
    }
    const units = Math.min(request.cost, consumed);
    if (units > 0) await this.#reward(key, units);
  }

  /** Charges what is left, at most. */
  async charge(request: RateLimitRequest): Promise<void> {
    const key = keyOf(request);
    const { consumed } = await this.#read(key);
    const units = Math.min(request.cost, this.#limiter.points - consumed);
    if (units > 0) await promiseOf(this.#limiter.penalty(key, units));
  }

  async reset(request: RateLimitRequest): Promise<void> {
    await promiseOf(this.#limiter.delete(keyOf(request)));
  }

  /**
   * Blocks the key; 0 ends a block.
   *
   * @throws (as the rejection of the promise) RangeError for a time that the limiter does not know, Error when it kept no block.
   */
  async block(request: RateLimitRequest, durationMs: number): Promise<void> {
    const key = keyOf(request);
    if (durationMs === 0) {
      // What was counted before the block is not known any more; without one it stays.
      if (this.#blocked(await this.#read(key))) await promiseOf(this.#limiter.delete(key));
      return;
    }
    const seconds = Math.ceil(durationMs / 1000);
    if (seconds > LONGEST_TIMER_SECONDS && isOfClass(this.#limiter, "RateLimiterMemory")) {
      throw new RangeError(
        `RateLimiterMemory blocks for at most ${LONGEST_TIMER_SECONDS} seconds, and not at all beyond that`,
      );
    }
    await promiseOf(this.#limiter.set(key, this.#mark, seconds));
    // Some clients of Redis resolve although the command has failed.
    if (!this.#blocked(await this.#read(key))) throw new Error("the limiter has kept no block");
  }

  async #consume(key: string, cost: number): Promise<readonly [state: KeyState, allowed: boolean]> {
    try {
      return [stateOf(await promiseOf(this.#limiter.consume(key, cost))), true];
    } catch (reason) {
      // A refusal is a rejection with a result, an outage one with an Error.
      const state = stateIn(reason);
      if (state === undefined) throw reason;
      return [state, false];
    }
  }

  async #read(key: string): Promise<KeyState> {
    const reply = await promiseOf(this.#limiter.get(key));
    return reply === null ? UNTOUCHED : stateOf(reply);
  }

  /** Never below nothing: of a window that has just ended, the next one would have more than its limit. */
  async #reward(key: string, units: number): Promise<void> {
    const { consumed } = stateOf(await promiseOf(this.#limiter.reward(key, units)));
    if (consumed < 0) await promiseOf(this.#limiter.penalty(key, Math.min(units, -consumed)));
  }

  #blocked({ consumed }: KeyState): boolean {
    return (
      consumed >= this.#blockedFrom || (this.#blocksRefused && consumed > this.#limiter.points)
    );
  }
}

/**
 * Whether the window has ended, or may have when the database is told: what is given back would be a unit of the next window.
 * A charge that stays so short is no loss.
 */
function endsSoon(endsAt: number, { windowMs }: RateLimitRequest): boolean {
  return performance.now() + Math.min(1000, windowMs / 10) >= endsAt;
}

/** The key in the database, by which policies are apart that share a limiter. */
function keyOf({ policy, key }: RateLimitRequest): string {
  const plain = PLAIN_KEY.test(key) ? key : `#${hash("sha256", key, "base64url")}`;
  return `${policy.replace(/[%: ]/g, encodeURIComponent)}:${plain}`;
}
