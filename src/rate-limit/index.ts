export { fromRateLimiterFlexible } from "./from-rate-limiter-flexible.js";
export type { RateLimitMiddleware } from "./limiter.js";
export { rateLimit } from "./rate-limit.js";
export type {
  RateLimitHeaders,
  RateLimitOptions,
  RateLimitPolicy,
} from "./rate-limit-options.js";
export type { RateLimitRequest, RateLimitResult, RateLimitStore } from "./rate-limit-store.js";
