import type { RequestHandler } from "express";
import {
  fromRateLimiterFlexible,
  loginThrottle,
  type RateLimitState,
  type RateLimitStore,
  rateLimit,
  redisStore,
} from "express-secure-api/rate-limit";

const limiter = rateLimit({ limit: 100, window: "1m" });
rateLimit({ limit: "none", match: "/beta/*" });
rateLimit({ algorithm: "concurrency", limit: 20, key: "principal" });
rateLimit({ limit: async (req) => (req.secure ? 10 : "none"), window: () => "1m", burst: () => 2 });
rateLimit({
  tier: (req) => (req.secure ? "free" : "paid"),
  tiers: { free: { limit: 60, window: "1m" }, paid: { limit: 600, window: "1m", burst: 60 } },
  slowDown: { from: 0.5, step: "100ms" },
  block: { after: "never" },
});
export const left: Promise<readonly RateLimitState[]> = limiter.peek({ key: "10.0.0.1" });
export const throttle: RequestHandler = loginThrottle({ user: (req) => req.body?.email });
// @ts-expect-error an algorithm of ours
rateLimit({ limit: 1, window: "1m", algorithm: "sliding-window" });
// @ts-expect-error a tier is a name
rateLimit({ tier: () => 1, tiers: { free: { limit: 60, window: "1m" } } });
// @ts-expect-error who logs in must be said
loginThrottle({});
// @ts-expect-error a login is never let through uncounted
loginThrottle({ user: () => "a", onStoreError: "dangerouslyOpen" });
// @ts-expect-error a duration has a unit
limiter.block({ key: "10.0.0.1" }, 60_000);
export const handler: RequestHandler = limiter;
export const closed: Promise<void> = limiter.close();

rateLimit({
  policies: [
    { limit: 5, window: "1s" },
    { name: "daily", limit: 1000, window: "1d", key: "principal" },
  ],
});
rateLimit({
  limit: 100,
  window: "1m",
  key: (req) => req.get("x-tenant"),
  cost: (req) => (req.method === "GET" ? 1 : 5),
});

const store: RateLimitStore = {
  consume: (requests) =>
    Promise.resolve(
      requests.map(({ limit }) => ({
        allowed: true,
        remaining: limit,
        retryAfterMs: 0,
        resetMs: 0,
      })),
    ),
};
rateLimit({ policies: [{ name: "api", limit: 100, window: "1m" }], store, onStoreError: "reject" });

rateLimit({ limit: 5, window: "15m", count: "failures" });
rateLimit({
  limit: 5,
  window: "15m",
  count: async (req, res) => req.secure && res.statusCode > 399,
});
// @ts-expect-error one of two words, or a function
rateLimit({ limit: 5, window: "15m", count: "success" });
// @ts-expect-error a function says yes or no
rateLimit({ limit: 5, window: "15m", count: () => "failures" });
// @ts-expect-error a window has a unit
rateLimit({ limit: 100, window: 60_000 });
// @ts-expect-error express-rate-limit's names
rateLimit({ max: 100, windowMs: 60_000 });
// @ts-expect-error a count is a number
rateLimit({ limit: "100", window: "1m" });
// @ts-expect-error a store that fails never lets everything through
rateLimit({ limit: 100, window: "1m", onStoreError: "allow" });
// @ts-expect-error a key is text
rateLimit({ limit: 100, window: "1m", key: () => 1 });
rateLimit({
  limit: 100,
  window: "1m",
  skip: async () => true,
  key: async () => "a",
  cost: async () => 1,
});
// @ts-expect-error what is promised is no boolean
rateLimit({ limit: 100, window: "1m", skip: async () => "yes" });
/** What the types of ioredis say of a client. */
declare const ioredis: {
  status: "ready" | "wait";
  isCluster: boolean;
  evalsha(
    sha: string | Buffer,
    keys: number | string,
    ...args: (string | number)[]
  ): Promise<unknown>;
  eval(script: string | Buffer, keys: number | string, ...args: string[]): Promise<unknown>;
  connect(callback?: (error: Error | null) => void): Promise<void>;
  on(event: "close", listener: () => void): typeof ioredis;
};
/** What the types of redis say of one. */
declare const redis: {
  readonly isOpen: boolean;
  readonly isReady: boolean;
  evalSha(sha: string, options?: { keys?: string[]; arguments?: string[] }): Promise<unknown>;
  eval(script: string, options?: { keys?: string[]; arguments?: string[] }): Promise<unknown>;
  on(event: "error", listener: (error: Error) => void): typeof redis;
};
export const shared: RateLimitStore = redisStore(ioredis);
rateLimit({ name: "a", limit: 100, window: "1m", store: redisStore(redis, { prefix: "orders" }) });
// @ts-expect-error a URL is no client
redisStore("redis://127.0.0.1");
// @ts-expect-error options are no client
redisStore({ host: "127.0.0.1" });
// @ts-expect-error a client that is still connecting
redisStore(Promise.resolve(redis));
// @ts-expect-error misspelt
redisStore(redis, { keyPrefix: "orders" });
// @ts-expect-error no text
redisStore(redis, { prefix: 1 });
/** What the types of rate-limiter-flexible say of a limiter. The package is optional, and is not installed everywhere. */
declare const flexible: {
  readonly points: number;
  readonly duration: number;
  consume(key: string | number, points?: number): Promise<object>;
  get(key: string | number): Promise<object | null>;
  penalty(key: string | number, points?: number): Promise<object>;
  reward(key: string | number, points?: number): Promise<object>;
  set(key: string | number, points: number, seconds: number): Promise<object>;
  delete(key: string | number): Promise<boolean>;
};
/** And of a union of several. */
declare const union: { consume(key: string | number): Promise<Record<string, object>> };
fromRateLimiterFlexible(flexible);
fromRateLimiterFlexible({ client: flexible });
// @ts-expect-error not a limiter
fromRateLimiterFlexible({ client: {} });
// @ts-expect-error a union has no limit of its own
fromRateLimiterFlexible(union);
