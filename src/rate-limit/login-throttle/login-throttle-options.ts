import type { Request, Response } from "express";
import type { GuardOptions } from "../../core/guard/guard-options.js";
import type { RateLimitStore } from "../stores/rate-limit-store.js";

/** How many failures are admitted in which time. */
export interface FailureLimit {
  /** Failures per window, from 1 to 1,000. */
  readonly limit: number;
  /** Length of the window: a duration in whole seconds, from `"1s"` to `"366d"`. */
  readonly window: string;
}

/** How logins of an account are delayed that fails from many addresses. */
export interface AccountSlowDown {
  /** Failures per window that are not delayed, from 1 to 1,000,000. @default 10 */
  readonly after?: number | undefined;
  /** Length of the window: a duration in whole seconds, from `"1s"` to `"366d"`. @default "1h" */
  readonly window?: string | undefined;
  /** What each further failure adds to the delay: a duration from `"1ms"` to `"1m"`. @default "200ms" */
  readonly step?: string | undefined;
  /** The longest delay, from `"1ms"` to `"1m"`. @default "5s" */
  readonly max?: string | undefined;
}

/** Options of {@link loginThrottle}. */
export interface LoginThrottleOptions extends GuardOptions {
  /**
   * The name of the account that the client sent, such as `req.body?.email`. It is folded: letter case, accents, white
   * space at the ends and characters that nobody sees make no difference. What is no text, or longer than 1,024
   * characters, is answered 400 `bad_request`. Without a name the address counts. It may return a promise, which has 5
   * seconds.
   */
  readonly user: (req: Request) => string | undefined | Promise<string | undefined>;
  /**
   * Whether a login has failed, asked when the answer was sent; it may return a promise, which has 5 seconds. If it fails, the login
   * counts as failed. @default every answer but 2xx and 304, and requests that the client gave up
   */
  readonly failed?: ((req: Request, res: Response) => boolean | Promise<boolean>) | undefined;
  /** Failures of one account from one address; a success forgets them. @default { limit: 5, window: "15m" } */
  readonly pair?: FailureLimit | undefined;
  /** Failures from one address, of all accounts; a success does not forget them. @default { limit: 100, window: "1d" } */
  readonly address?: FailureLimit | undefined;
  /**
   * Failures of one account from all addresses: they delay, and never refuse, so that nobody can lock the owner out. `false`
   * delays nobody. @default {}
   */
  readonly account?: AccountSlowDown | false | undefined;
  /** A store that counts outside of this process. @default the memory of this process */
  readonly store?: RateLimitStore | undefined;
  /**
   * What happens while the store fails: `"fallback"` counts in the memory of this process, with `fallbackShare` of the limits;
   * `"reject"` answers 503 `rate_limit_unavailable`. Only with a `store`. @default "fallback"
   */
  readonly onStoreError?: "fallback" | "reject" | undefined;
  /** How long a request waits for the store, from `"1ms"` to `"60s"`. Only with a `store`. @default "75ms" */
  readonly storeTimeout?: string | undefined;
  /** The part of every limit that this process admits while the store fails, above 0 and up to 1. @default 1 */
  readonly fallbackShare?: number | undefined;
  /**
   * A secret of at least 32 characters: the store sees keyed digests (HMAC-SHA-256) in place of addresses, names of
   * accounts and ids of callers, which are personal data. All processes need the same one. Only with a `store`. @default none
   */
  readonly keySecret?: string | undefined;
  /** How many leading bits of an IPv6 address identify one client, from 32 to 128. @default 56 */
  readonly ipv6Prefix?: number | undefined;
  /** How many keys each of the limits keeps in memory, from 1 to 10,000,000. @default 100000 */
  readonly maxKeys?: number | undefined;
  /** How many logins may be delayed at the same time in this process, from 1 to 100,000; beyond it 429. @default 1000 */
  readonly maxWaiting?: number | undefined;
}
