import type { RateLimitAlgorithm, RateLimitBlocking } from "../policies/policy.js";

/** What one policy asks a {@link RateLimitStore} to count. */
export interface RateLimitRequest {
  /** Name of the policy. In report mode it is `report:<name>`, so that trying a limit spends nothing. */
  readonly policy: string;
  /**
   * Whom the request is counted against: a network address, `=` and the key that the app chose, or `#` and a digest
   * when that key is long. At most 45 characters.
   */
  readonly key: string;
  /** How the policy counts: one of {@link RateLimitStore.algorithms}. */
  readonly algorithm: RateLimitAlgorithm;
  /** Units per window, or at the same time. */
  readonly limit: number;
  /** Length of the window, in milliseconds. */
  readonly windowMs: number;
  /** Units that can be spent at once: the depth of a bucket; `limit` with the other algorithms. */
  readonly burst: number;
  /** Units that this request costs: 0 always passes, more than `burst` never does. */
  readonly cost: number;
  /**
   * Whether the policy admits whatever comes: of a cost for which too little is left, it charges what is left. Only for a
   * store with {@link RateLimitStore.soft}. @default false
   */
  readonly soft?: boolean | undefined;
  /**
   * When the key is blocked; only for a store with {@link RateLimitStore.blocks}. A request without it is not asked about
   * blocks.
   */
  readonly blocking?: RateLimitBlocking | undefined;
}

/** What a {@link RateLimitStore} answers for one policy. */
export interface RateLimitResult {
  /** Whether this policy admits the request. */
  readonly allowed: boolean;
  /** Whole units left, from 0 to `burst`. */
  readonly remaining: number;
  /** Milliseconds until a request of the same cost is admitted; 0 when one is admitted at once. */
  readonly retryAfterMs: number;
  /** Milliseconds until all units are there again. */
  readonly resetMs: number;
  /** Milliseconds for which an admitted request has to wait: with `"leaky-bucket"`. @default 0 */
  readonly delayMs?: number | undefined;
  /** Whether the key is blocked; `retryAfterMs` says for how long. @default false */
  readonly blocked?: boolean | undefined;
  /** What {@link RateLimitStore.refund} needs to find the charge: at most 128 characters. */
  readonly receipt?: string | undefined;
}

/** A charge that is given back. */
export interface RateLimitRefund extends RateLimitRequest {
  /** What `consume` gave for the charge; `undefined` for units that are given by hand, of whichever charge. */
  readonly receipt: string | undefined;
}

/** Counts requests outside of this process, so that several processes share their limits. */
export interface RateLimitStore {
  /** The algorithms that it knows. @default ["token-bucket"] */
  readonly algorithms?: readonly RateLimitAlgorithm[] | undefined;
  /** Whether it blocks keys that keep being refused. @default false */
  readonly blocks?: boolean | undefined;
  /** Whether it knows requests that are charged, and never refused. @default false */
  readonly soft?: boolean | undefined;
  /**
   * Counts one request against all policies that apply to it: all or nothing. When one of them does not admit it,
   * nothing is charged to any of them.
   *
   * A rejection, an exception, an answer after `storeTimeout` and an answer of the wrong form all count as a failure
   * of the store.
   *
   * @returns One result for each request, in the same order.
   */
  consume(requests: readonly RateLimitRequest[]): Promise<readonly RateLimitResult[]>;
  /**
   * Gives back what an earlier `consume` charged for these requests, because a later limit of the preset has refused the
   * caller, because the answer shows that they do not count (`count`) or have cost less (`costAfter`: `cost` is what is given
   * back, not what was charged), or because the request is over (`"concurrency"`), or was answered too late to run.
   * That may be long after: a client can keep a request open. Give back no more than is still missing then, or what has
   * come back with time is given a second time. Nobody waits for it, and if it fails, the charge stays, as it does
   * without this method; but for the places of `"concurrency"`, which are given back once more, with the same receipt, when
   * `consume` answers again.
   */
  refund?(refunds: readonly RateLimitRefund[]): Promise<void>;
  /** Forgets what was counted under these policies and keys, blocks included. */
  reset?(requests: readonly RateLimitRequest[]): Promise<void>;
  /** Blocks the keys for so long, whatever is left; 0 ends the block. */
  block?(requests: readonly RateLimitRequest[], durationMs: number): Promise<void>;
  /** Charges without asking whether it fits, at most until nothing is left. */
  charge?(requests: readonly RateLimitRequest[]): Promise<void>;
  /**
   * Whether it can be asked now, synchronously; while it says `false` it is not asked, and counts as failed. A client that queues
   * commands while it has no connection would otherwise make every request wait for the deadline. @default always
   */
  isReady?(): boolean;
  /** Called by `close()` of each limiter that uses the store: it must not mind being called again. */
  close?(): Promise<void>;
}
