import type { Charge } from "../policies/policy.js";
import type { RateLimitResult } from "../stores/rate-limit-store.js";

/**
 * What one charge would change, and, once it is known whether all of a request fit, its result. First `commit` or `complete`,
 * once; after a `commit`, `giveBack` or `keep`, once.
 */
export abstract class Draft implements RateLimitResult {
  /** Units that it would charge. */
  readonly cost: number;
  abstract readonly slot: string;
  abstract readonly allowed: boolean;
  /** Whether it was charged, and can still be given back. */
  charged = false;
  remaining = 0;
  retryAfterMs = 0;
  resetMs = 0;
  delayMs = 0;
  blocked = false;
  /** Called when the request has to wait no longer than `delayMs` says now: others in front of it have left. */
  whenMoved: (() => void) | undefined = undefined;

  constructor(cost: number) {
    this.cost = cost;
  }

  /** Charges, and says what is left then. */
  abstract commit(): void;
  /** Says what is left without a charge, because this policy or another one refuses, or the request costs nothing. */
  abstract complete(): void;
  /**
   * Gives back what has not come back with time already, and says what is left then.
   *
   * @param units - At most so many; the others stay.
   */
  abstract giveBack(nowMs: number, units: number): void;
  /** Says that the charge stays, of a policy that waits for the answer. */
  keep(): void {}
}

/** The counts of one policy, by one algorithm. */
export interface Counter {
  draft(charge: Charge, nowMs: number): Draft;
  /** Gives back units of whichever charge, at most what is missing. */
  reward(charge: Charge, nowMs: number): void;
  /** Forgets what was counted for the key. */
  reset(key: string): void;
}
