import type { Request, Response } from "express";
import type { GuardOptions } from "../core/guard/guard-options.js";
import type { RateLimitAlgorithm } from "./policies/policy.js";
import type { BlockOptions, RateLimitTier, SlowDownOptions } from "./policies/policy-options.js";
import type { RateLimitStore } from "./stores/rate-limit-store.js";

/** A function that looks at the request. */
type PerRequest<T> = (req: Request) => T | Promise<T>;

/** One quota: how much, in which time, for whom. */
export interface RateLimitPolicy {
  /**
   * Name in the header fields and in the refusal: 1 to 64 printable ASCII characters, unique within the limiter.
   * Required with a `store`, which tells policies apart by it. @default "<limit>-per-<window>"
   */
  readonly name?: string | undefined;
  /**
   * How the policy counts.
   *
   * - `"token-bucket"`: `burst` units at once; they come back evenly over the window. In any span of one window at most
   *   `limit + burst` units pass.
   * - `"leaky-bucket"`: requests go on at a constant rate, `limit` per window. Up to `burst` of them wait; who leaves
   *   gives the place back.
   * - `"sliding-log"`: never more than `limit`, at most 1,000, in any span of one window.
   * - `"fixed-window"`: `limit` per window, which begins with the first request; around its end twice the limit can pass.
   * - `"concurrency"`: `limit` requests at the same time. Without a `store`, `window` is left out; with one it is the
   *   longest time for which a request counts, by default `"5m"`, so that a process that dies keeps no place.
   *
   * With a `store`, one of those that it knows. @default "token-bucket"
   */
  readonly algorithm?: RateLimitAlgorithm | undefined;
  /**
   * Units per window, from 1 to 1,000,000,000, or `"none"`, which lets nothing pass; or a function that returns one of
   * them. It may return a promise, which has 5 seconds. If it fails, the answer is 503 `check_unavailable`. Required
   * unless `tiers` is given.
   */
  readonly limit?: number | "none" | PerRequest<number | "none"> | undefined;
  /**
   * Length of the window: a duration in whole seconds, from `"1s"` to `"366d"`, or a function, as with `limit`. Required
   * unless `tiers` is given or `limit` is `"none"`.
   */
  readonly window?: string | PerRequest<string> | undefined;
  /**
   * Units that may be spent at once, from 1 to `limit`, or a function, as with `limit`. Only with the buckets: how many may
   * wait is required with `"leaky-bucket"`. @default `limit`
   */
  readonly burst?: number | PerRequest<number> | undefined;
  /**
   * Names the tier of a request: one of the names in `tiers`, such as the plan of the caller. Who changes the tier
   * waits as long as before until the quota is full again. It may return a promise, which has 5 seconds. If it fails, or names none of them, the answer is 503
   * `check_unavailable`. Required with `tiers`.
   */
  readonly tier?: PerRequest<string> | undefined;
  /** The rates to choose from, by name, in place of `limit`, `window` and `burst`. */
  readonly tiers?: Readonly<Record<string, RateLimitTier>> | undefined;
  /**
   * Who has a quota of its own.
   *
   * - `"ip"`: the address of the client, as Express's `trust proxy` setting sees it. Requests without an address
   *   share one quota.
   * - `"principal"`: the caller that `oauthGuard` or `principalFrom` has set; without one, or behind one in report
   *   mode while the limiter enforces, the address.
   * - `"tenant"`: the tenant of the caller, of each issuer its own; without one, the address.
   * - a list of them, such as `["ip", "principal"]`: what all of them have in common; without a caller, the address.
   * - a function: the key that it returns, or the address if that is `undefined` or empty. Do not return a value that the
   *   client can choose.
   *
   * The function may return a promise, which has 5 seconds. If it fails, the answer is 503 `check_unavailable`.
   *
   * @default "ip"
   */
  readonly key?:
    | "ip"
    | "principal"
    | "tenant"
    | readonly ("ip" | "principal" | "tenant")[]
    | ((req: Request) => string | undefined | Promise<string | undefined>)
    | undefined;
  /**
   * Units that a request costs: a whole number from 1 to `burst`, or a function that returns one of at least 0.
   * A cost above `burst` can never pass: 429 without `Retry-After`. The function may return a promise, which has 5
   * seconds; if it fails, the answer is 503 `check_unavailable`. @default 1
   */
  readonly cost?: number | ((req: Request) => number | Promise<number>) | undefined;
  /**
   * Patterns of the requests that the policy counts, such as `"POST /login"` or `"/search/*"`. They are compared with
   * the whole path. Letter case, empty segments, a trailing slash and percent-encoding make no difference.
   * @default every request that reaches the limiter
   */
  readonly match?: string | readonly string[] | undefined;
  /**
   * Units that a request has cost, a whole number of at least 0: asked when the answer was sent, or the client has left. `cost` is charged when the
   * request comes, and the difference then: what it has cost more is charged as far as there is something left. It may
   * return a promise, which has 5 seconds. If it fails, the first charge stays. Not with `count` or `"concurrency"`; with a
   * store, only if that has `refund` and `charge`. @default `cost`
   */
  readonly costAfter?: ((req: Request, res: Response) => number | Promise<number>) | undefined;
  /**
   * The part of the quota, above 0 and up to 1, from which on decisions carry the reason `near_limit`, before anything is refused.
   * @default none
   */
  readonly warnAt?: number | undefined;
  /** Delays requests before the limit refuses them. Not with `"leaky-bucket"`. @default none */
  readonly slowDown?: SlowDownOptions | undefined;
  /**
   * What happens beyond the limit: `"refuse"`, or `"slow-down"`, which lets every request pass after the longest delay of
   * `slowDown`, so that nobody can lock another one out. @default "refuse"
   */
  readonly onLimit?: "refuse" | "slow-down" | undefined;
  /** Blocks keys that keep being refused, each time for longer. `{}` takes all defaults. @default none */
  readonly block?: BlockOptions | undefined;
  /**
   * What happens while the store fails: `"fallback"` counts in the memory of this process, with `fallbackShare` of the
   * limit; `"reject"` answers 503 `rate_limit_unavailable`; `"dangerouslyOpen"` counts nothing, so that the limit does not
   * exist until the store is back. Beside `policies` it is the default of all of them. Only with a `store`. @default "fallback"
   */
  readonly onStoreError?: "fallback" | "reject" | "dangerouslyOpen" | undefined;
  /**
   * Only inside of `secureApi`, and required there when `key` is a function: when the policy runs.
   *
   * - `"before-auth"`, `"after-auth"`: before or after authentication
   * - `"after-body"`: after `jsonBody` and `formBody`, for keys such as `req.body?.email`. It needs `match`. What `key`
   *   returns is folded: letter case, accents, white space at the ends and characters that nobody sees make no difference.
   *   A key that is no text, or longer than 1,024 characters, is answered 400 `bad_request`, because the client chose it.
   *   So is a request without content, unless its method is safe (GET, HEAD, …): that the policy does not count. A body
   *   that was not parsed is answered 415 `unsupported_media_type`.
   */
  readonly phase?: "before-auth" | "after-auth" | "after-body" | undefined;
  /**
   * Which requests count. The charge is made when the request comes, and given back when it turns out not to count, so
   * that parallel requests cannot pass the limit.
   *
   * - `"all"`: whatever the answer will be
   * - `"failures"`: every answer but 2xx and 304, and requests that the client gave up
   * - `"successes"`: 2xx and 304, and requests that the client gave up
   * - a function: asked when the answer was sent, `true` for a request that counts. It may return a promise, which has 5
   *   seconds. If it fails, the request counts.
   *
   * With a store, only if that has `refund`. Not with `"concurrency"`. @default "all"
   */
  readonly count?:
    | "all"
    | "failures"
    | "successes"
    | ((req: Request, res: Response) => boolean | Promise<boolean>)
    | undefined;
}

/** Which header fields tell clients about their quota. */
export interface RateLimitHeaders {
  /**
   * `RateLimit` and `RateLimit-Policy` in the form of an IETF draft, or `false` for none. `"draft-8"` counts `t` to the
   * full quota; `"draft-7"` and `"draft-6"` name one quota, that with the fewest units left, and `"draft-6"` in
   * `RateLimit-Limit`, `-Remaining` and `-Reset`. @default "draft-11"
   * @see https://datatracker.ietf.org/doc/html/draft-ietf-httpapi-ratelimit-headers-11
   */
  readonly ietf?: "draft-11" | "draft-8" | "draft-7" | "draft-6" | false | undefined;
  /**
   * `X-RateLimit-Limit`, `-Remaining` and `-Reset`, with the reset as seconds since 1970 (`"epoch"`) or from now
   * (`"delta"`), or `false` for none. @default "epoch"
   */
  readonly legacy?: "epoch" | "delta" | false | undefined;
  /**
   * The largest part, from 0 to 1, by which `Retry-After` is made later at random, in whole seconds, so that clients that were
   * refused together do not come back together. @default 0.1
   */
  readonly retryJitter?: number | undefined;
}

/** How many CORS preflights and refused cross-site requests an address may send. */
export interface PreflightPolicy {
  /** Such requests per window on average, from 1 to 1,000,000,000. */
  readonly limit: number;
  /** Length of the window: a duration in whole seconds, from `"1s"` to `"366d"`. */
  readonly window: string;
  /** How many of them may come at once, from 1 to `limit`. @default `limit` */
  readonly burst?: number | undefined;
}

/** Options of {@link rateLimit}: one policy, or a list of `policies`. */
export interface RateLimitOptions extends GuardOptions, RateLimitPolicy {
  /**
   * Several policies that are counted together: what one of them refuses costs nothing in any of them. What anything
   * else refuses keeps its charge.
   */
  readonly policies?: readonly RateLimitPolicy[] | undefined;
  /**
   * The policy of what `secureHeaders` answers before a request reaches the limiter: CORS preflights, and the cross-site
   * requests that it refuses. It is called `preflight` and counts by address, in the memory of this process, also with
   * a `store`: an allowed preflight waits for nothing. Beyond it the answer is 429 with `Retry-After`. `false` turns it
   * off in `secureApi`. Without `secureApi` it needs {@link RateLimitMiddleware.preflight}.
   * @default { limit: 1000, window: "1m" }
   */
  readonly preflight?: PreflightPolicy | false | undefined;
  /** A store that counts outside of this process. @default the memory of this process */
  readonly store?: RateLimitStore | undefined;
  /**
   * The part of every limit that this process admits while the store fails and `onStoreError` is `"fallback"`, above 0 and up to 1.
   * N processes admit up to N times as much together: `1 / N` keeps the limit. Only with a `store`. @default 1
   */
  readonly fallbackShare?: number | undefined;
  /**
   * A secret of at least 32 characters: the store sees keyed digests (HMAC-SHA-256) in place of addresses, names of
   * accounts and ids of callers, which are personal data. All processes need the same one. Only with a `store`. @default none
   */
  readonly keySecret?: string | undefined;
  /**
   * How many requests may wait at the same time in this process, of all policies together, from 1 to 100,000. Each holds
   * a connection. Beyond it the answer is 429. Only with `"leaky-bucket"` or `slowDown`. @default 1000
   */
  readonly maxWaiting?: number | undefined;
  /** How long a request waits for the store, from `"1ms"` to `"60s"`. Only with a `store`. @default "75ms" */
  readonly storeTimeout?: string | undefined;
  /** Which header fields are sent. */
  readonly headers?: RateLimitHeaders | undefined;
  /**
   * How many leading bits of an IPv6 address identify one client, from 32 to 128. One customer usually has a whole /56.
   * @default 56
   */
  readonly ipv6Prefix?: number | undefined;
  /**
   * How many keys one policy keeps in memory, from 1 to 10,000,000; about 100 bytes each. If all of them are in use, new
   * keys share one quota until there is room again. If half of them are, so do new addresses of an IPv6 network (/48) that
   * has a sixteenth of them. @default 100000
   */
  readonly maxKeys?: number | undefined;
  /**
   * If it returns `true`, no policy counts the request; `preflight` does not ask it. It may return a promise, which has 5 seconds. If it throws,
   * rejects or gives anything but `true` or `false`, the answer is 503 `check_unavailable`. @default none
   */
  readonly skip?: ((req: Request) => boolean | Promise<boolean>) | undefined;
}
