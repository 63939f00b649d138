import type { NextFunction, Request, Response } from "express";
import type { GuardOptions } from "../../../core/guard/guard-options.js";

/** A function that gets request and response and returns a value, at once or as a promise, which has 5 seconds. */
export type ValueDeterminingMiddleware<T> = (req: Request, res: Response) => T | Promise<T>;

/** What answers a request over the limit. `next()` lets it pass. */
export type RateLimitExceededEventHandler = (
  req: Request,
  res: Response,
  next: NextFunction,
  optionsUsed: Options,
) => unknown;

/** The drafts of `RateLimit` whose fields can be sent. */
export type DraftHeadersVersion = "draft-6" | "draft-7" | "draft-8";

/** Checks of express-rate-limit. Two of them exist here: the others are `OptionsError`s, or there is nothing to check. */
export type EnabledValidations = { readonly [name: string]: boolean };

/** What is told of a store that fails. */
export type LoggerFn = (error: unknown, message?: string) => void;

/** Gets the failures of a store, in place of process warnings. */
export interface Logger {
  readonly error: LoggerFn;
  readonly warn: LoggerFn;
}

/** The hits of one key. */
export interface ClientRateLimitInfo {
  totalHits: number;
  /** When the window ends; `undefined` where the store does not know. */
  resetTime: Date | undefined;
}

/** What `increment` of a store gives. */
export type IncrementResponse = ClientRateLimitInfo;

/** What `incr` of a {@link LegacyStore} calls back. */
export type IncrementCallback = (
  error: Error | undefined,
  totalHits: number,
  resetTime: Date | undefined,
) => void;

/** A store of express-rate-limit 6 and later, such as those of `rate-limit-redis` and `@acpr/rate-limit-postgresql`. */
export interface Store {
  /** Called once, when the limiter is made. Nobody waits for it, and its failure is only told. */
  init?(options: Options): void | Promise<void>;
  /** What {@link RateLimitRequestHandler.getKey} asks. */
  get?(key: string): Promise<ClientRateLimitInfo | undefined> | ClientRateLimitInfo | undefined;
  /** Counts one hit. An exception, a rejection, an answer after 5 seconds, and one without a count are failures. */
  increment(key: string): Promise<IncrementResponse> | IncrementResponse;
  /** Takes one hit back. Nobody waits for it; if it fails, the hit stays. */
  decrement(key: string): Promise<void> | void;
  /** What {@link RateLimitRequestHandler.resetKey} asks. */
  resetKey(key: string): Promise<void> | void;
  resetAll?(): Promise<void> | void;
  /** For the app: no limiter calls it. */
  shutdown?(): Promise<void> | void;
  /** Whether the keys of one instance are its own, as in memory. @default false */
  localKeys?: boolean;
  /** What the store puts in front of keys. */
  prefix?: string;
}

/** A store of express-rate-limit 5 and earlier. */
export interface LegacyStore {
  incr(key: string, callback: IncrementCallback): void;
  decrement(key: string): void;
  resetKey(key: string): void;
  resetAll?(): void;
}

/** Options of `rateLimit`, with the names and defaults of express-rate-limit 8. `undefined` is left out, everywhere. */
export interface ExpressRateLimitOptions extends GuardOptions {
  /** Length of the window in milliseconds, from 1 to 3,155,760,000,000. It begins with the first request of a key. @default 60000 */
  readonly windowMs?: number | undefined;
  /** Requests per window, at least 0; 0 refuses all, and `Infinity` none. @default 5 */
  readonly limit?: number | ValueDeterminingMiddleware<number> | undefined;
  /** The name of `limit` before 7. Where both are given, `limit` counts. @default 5 */
  readonly max?: number | ValueDeterminingMiddleware<number> | undefined;
  /**
   * Body of the answer to a request over the limit: what `res.send` takes, or a function that returns it.
   * @default "Too many requests, please try again later."
   */
  // biome-ignore lint/suspicious/noExplicitAny: the type of express-rate-limit, so that its options fit.
  readonly message?: any;
  /** Status of that answer, from 200 to 599. @default 429 */
  readonly statusCode?: number | undefined;
  /** Whether to send `X-RateLimit-Limit`, `-Remaining` and `-Reset`. @default true */
  readonly legacyHeaders?: boolean | undefined;
  /** The name of `legacyHeaders` before 6. @default true */
  readonly headers?: boolean | undefined;
  /** Which fields of the IETF draft to send; `true` is `"draft-6"`. @default false */
  readonly standardHeaders?: boolean | DraftHeadersVersion | undefined;
  /** Name of the quota in the fields of `"draft-8"`: printable ASCII. @default "<limit>-in-<window>" */
  readonly identifier?: string | ValueDeterminingMiddleware<string> | undefined;
  /** `Retry-After` in seconds. It changes what clients are told, not what is refused. @default the rest of the window */
  readonly retryAfter?: number | ValueDeterminingMiddleware<number> | undefined;
  /** Property of the request that holds the {@link RateLimitInfo}. @default "rateLimit" */
  readonly requestPropertyName?: string | undefined;
  /** Whether failed requests, and those that the client gave up, are taken back. @default false */
  readonly skipFailedRequests?: boolean | undefined;
  /** Whether successful requests are taken back. @default false */
  readonly skipSuccessfulRequests?: boolean | undefined;
  /** Which requests were successful, asked when the answer was sent. If it fails, the hit stays. @default statuses below 400 */
  readonly requestWasSuccessful?: ValueDeterminingMiddleware<boolean> | undefined;
  /** What is counted together. Do not return a value that the client can choose. @default the address, by `ipv6Subnet` */
  readonly keyGenerator?: ValueDeterminingMiddleware<string> | undefined;
  /**
   * Leading bits of an IPv6 address that count together, from 32 to 128, or `false` for each address by itself. Not
   * beside `keyGenerator`, which decides instead. @default 56
   */
  readonly ipv6Subnet?: number | false | ValueDeterminingMiddleware<number> | undefined;
  /** Answers requests over the limit. If it fails, or has done nothing after 5 seconds, the refusal is sent. @default sends `message` */
  readonly handler?: RateLimitExceededEventHandler | undefined;
  /** Requests for which it returns something truthy pass uncounted. @default counts every request */
  readonly skip?: ValueDeterminingMiddleware<boolean> | undefined;
  /** What counts. @default a `MemoryStore` */
  readonly store?: Store | LegacyStore | undefined;
  /** Whether requests pass uncounted while the store fails. Each is an event: reason `store_bypassed`. @default false */
  readonly passOnStoreError?: boolean | undefined;
  /** `false`, also for single checks, silences warnings about `trust proxy`, shared stores and double counts. @default true */
  readonly validate?: boolean | EnabledValidations | undefined;
  /** Gets the failures of the store. @default process warnings */
  readonly logger?: Logger | undefined;
  /**
   * How requests are refused that cannot be counted, because the store or a function fails. Those over the limit are
   * answered by `handler`. @default "next"
   */
  readonly onDenied?: GuardOptions["onDenied"];
}

type Optional = "headers" | "max" | "retryAfter";

/** The options that a limiter uses, defaults included: what `handler` and `init` of a store get. */
export type Options = {
  -readonly [Name in Exclude<
    keyof ExpressRateLimitOptions,
    Optional | keyof GuardOptions
  >]-?: Exclude<ExpressRateLimitOptions[Name], undefined>;
} & {
  -readonly [Name in Optional]?: Exclude<ExpressRateLimitOptions[Name], undefined>;
};

/** What the request tells handlers of its quota. */
export interface RateLimitInfo {
  readonly limit: number;
  /** Hits in this window, this one included. */
  readonly used: number;
  readonly remaining: number;
  readonly resetTime: Date | undefined;
  /** What was counted together. */
  readonly key: string;
}
