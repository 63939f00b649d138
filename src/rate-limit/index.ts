export { fromRateLimiterFlexible } from "./flexible/from-rate-limiter-flexible.js";
export type { RateLimitControl, RateLimitState, RateLimitTarget } from "./limiter/control.js";
export type { RateLimitMiddleware } from "./limiter/place.js";
export type {
  AccountSlowDown,
  FailureLimit,
  LoginThrottleOptions,
} from "./login-throttle/login-throttle-options.js";
export { type LoginThrottleMiddleware, loginThrottle } from "./login-throttle.js";
export type { RateLimitAlgorithm, RateLimitBlocking } from "./policies/policy.js";
export type { BlockOptions, RateLimitTier, SlowDownOptions } from "./policies/policy-options.js";
export { rateLimit } from "./rate-limit.js";
export type {
  PreflightPolicy,
  RateLimitHeaders,
  RateLimitOptions,
  RateLimitPolicy,
} from "./rate-limit-options.js";
export type { RedisClient } from "./redis/redis-client.js";
export { type RedisStoreOptions, redisStore } from "./redis/redis-store.js";
export type {
  RateLimitRefund,
  RateLimitRequest,
  RateLimitResult,
  RateLimitStore,
} from "./stores/rate-limit-store.js";
