export type { RateLimitMiddleware } from "./place.js";
export { rateLimit } from "./rate-limit.js";
export type {
  PreflightPolicy,
  RateLimitHeaders,
  RateLimitOptions,
  RateLimitPolicy,
} from "./rate-limit-options.js";
export { fromRateLimiterFlexible } from "./stores/from-rate-limiter-flexible.js";
export type {
  RateLimitRequest,
  RateLimitResult,
  RateLimitStore,
} from "./stores/rate-limit-store.js";
