import { createLimiter, type RateLimitMiddleware } from "./limiter.js";
import type { RateLimitOptions } from "./rate-limit-options.js";
import { readSettings } from "./read-settings.js";

/**
 * Limits how many requests a client may make: 429 `rate_limit_exceeded` with `Retry-After` beyond that.
 *
 * Every policy is a token bucket: `burst` units can be spent at once, and `limit` units per window come back evenly.
 * With several policies a request passes when all of them admit it, and a refused request costs nothing. Every method
 * counts, HEAD and OPTIONS included; every response carries `RateLimit`, `RateLimit-Policy` and `X-RateLimit-*`.
 *
 * Limits by address are only as good as Express's `trust proxy` setting.
 *
 * @throws {@link OptionsError} with every problem of the options.
 * @see https://www.rfc-editor.org/rfc/rfc6585#section-4
 */
export function rateLimit(options: RateLimitOptions): RateLimitMiddleware {
  return createLimiter(readSettings(options, false)).middleware;
}
