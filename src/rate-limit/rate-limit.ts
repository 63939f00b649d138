import { createLimiter, type RateLimitMiddleware } from "./limiter.js";
import { createPreflightLimit } from "./preflight-limit.js";
import type { RateLimitOptions } from "./rate-limit-options.js";
import { readSettings } from "./read-settings.js";

/**
 * Limits how many requests a client may make: 429 `rate_limit_exceeded` with `Retry-After` beyond that.
 *
 * Every policy is a token bucket: `burst` units can be spent at once, and `limit` units per window come back evenly.
 * With several policies a request passes when all of them admit it. What one of them refuses costs nothing under any;
 * what anything else refuses keeps its charge. Whatever reaches the limiter counts, HEAD and OPTIONS included. What
 * `secureHeaders` answers in front of it does not reach it: `.preflight` counts that. Counted answers carry `RateLimit`,
 * `RateLimit-Policy` and `X-RateLimit-*`.
 *
 * Limits by address are only as good as Express's `trust proxy` setting.
 *
 * @throws {@link OptionsError} with every problem of the options.
 * @see https://www.rfc-editor.org/rfc/rfc6585#section-4
 */
export function rateLimit(options: RateLimitOptions): RateLimitMiddleware {
  const settings = readSettings(options, false);
  const preflight = createPreflightLimit(settings, false);
  const { middleware } = createLimiter(settings, { preflight });
  return Object.assign(middleware, { preflight: preflight.middleware });
}
