import type { RequestHandler } from "express";
import {
  fromRateLimiterFlexible,
  type RateLimitStore,
  rateLimit,
} from "express-secure-api/rate-limit";

const limiter = rateLimit({ limit: 100, window: "1m" });
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
// @ts-expect-error not a limiter
fromRateLimiterFlexible({});
