/** What one policy asks a {@link RateLimitStore} to count. */
export interface RateLimitRequest {
  /** Name of the policy. In report mode it is `report:<name>`, so that trying a limit spends nothing. */
  readonly policy: string;
  /**
   * Whom the request is counted against: a network address, `=` and the key that the app chose, or `#` and a digest
   * when that key is long. At most 45 characters.
   */
  readonly key: string;
  /** Units per window, on average. */
  readonly limit: number;
  /** Length of the window, in milliseconds. */
  readonly windowMs: number;
  /** Units that can be spent at once: the depth of the token bucket. */
  readonly burst: number;
  /** Units that this request costs: 0 always passes, more than `burst` never does. */
  readonly cost: number;
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
}

/** Counts requests outside of this process, so that several processes share their limits. */
export interface RateLimitStore {
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
   * caller, or because the answer shows that they do not count (`count`). That may be long after: a client can keep a
   * request open. Give back no more than is still missing then, or what has come back with time is given a second time.
   * Nobody waits for it, and if it fails, the charge stays, as it does without this method.
   */
  refund?(requests: readonly RateLimitRequest[]): Promise<void>;
  /** Called by `close()` of each limiter that uses the store: it must not mind being called again. */
  close?(): Promise<void>;
}
