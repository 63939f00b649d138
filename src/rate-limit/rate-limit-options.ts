import type { Request, Response } from "express";
import type { GuardOptions } from "../core/guard/guard-options.js";
import type { RateLimitStore } from "./stores/rate-limit-store.js";

/** One quota: how much, in which time, for whom. */
export interface RateLimitPolicy {
  /**
   * Name in the header fields and in the refusal: 1 to 64 printable ASCII characters, unique within the limiter.
   * Required with a `store`, which tells policies apart by it. @default "<limit>-per-<window>"
   */
  readonly name?: string | undefined;
  /**
   * Units per window on average, from 1 to 1,000,000,000. In any span of one window at most `limit + burst` units
   * pass.
   */
  readonly limit: number;
  /** Length of the window: a duration in whole seconds, from `"1s"` to `"366d"`. */
  readonly window: string;
  /** Units that may be spent at once, from 1 to `limit`. They come back evenly over the window. @default `limit` */
  readonly burst?: number | undefined;
  /**
   * Who has a quota of its own.
   *
   * - `"ip"`: the address of the client, as Express's `trust proxy` setting sees it. Requests without an address
   *   share one quota.
   * - `"principal"`: the caller that `oauthGuard` or `principalFrom` has set; without one, or behind one in report
   *   mode while the limiter enforces, the address.
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
   * - a function: asked when the answer was sent, `true` for a request that counts. It may return a promise, which has 5
   *   seconds. If it fails, the request counts.
   *
   * With a store, only if that has `refund`. @default "all"
   */
  readonly count?:
    | "all"
    | "failures"
    | ((req: Request, res: Response) => boolean | Promise<boolean>)
    | undefined;
}

/** Which header fields tell clients about their quota. */
export interface RateLimitHeaders {
  /**
   * `RateLimit` and `RateLimit-Policy` in the form of an IETF draft, or `false` for none. @default "draft-11"
   * @see https://datatracker.ietf.org/doc/html/draft-ietf-httpapi-ratelimit-headers-11
   */
  readonly ietf?: "draft-11" | false | undefined;
  /**
   * `X-RateLimit-Limit`, `-Remaining` and `-Reset`, with the reset as seconds since 1970 (`"epoch"`) or from now
   * (`"delta"`), or `false` for none. @default "epoch"
   */
  readonly legacy?: "epoch" | "delta" | false | undefined;
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
export interface RateLimitOptions extends GuardOptions, Omit<RateLimitPolicy, "limit" | "window"> {
  /**
   * Units per window on average, from 1 to 1,000,000,000. In any span of one window at most `limit + burst` units
   * pass. Required unless `policies` is given.
   */
  readonly limit?: number | undefined;
  /**
   * Length of the window: a duration in whole seconds, from `"1s"` to `"366d"`. Required unless `policies` is given.
   */
  readonly window?: string | undefined;
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
   * What happens while the store fails: `"fallback"` counts in the memory of this process, with the same limits (so
   * N processes admit up to N times as much); `"reject"` answers 503 `rate_limit_unavailable`. @default "fallback"
   */
  readonly onStoreError?: "fallback" | "reject" | undefined;
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
   * keys share one quota until there is room again. @default 100000
   */
  readonly maxKeys?: number | undefined;
  /**
   * If it returns `true`, no policy counts the request; `preflight` does not ask it. It may return a promise, which has 5 seconds. If it throws,
   * rejects or gives anything but `true` or `false`, the answer is 503 `check_unavailable`. @default none
   */
  readonly skip?: ((req: Request) => boolean | Promise<boolean>) | undefined;
}
