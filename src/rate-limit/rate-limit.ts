import { createMountCheck } from "../core/app/mount-check.js";
import { createLimiter } from "./limiter/limiter.js";
import type { RateLimitMiddleware } from "./limiter/place.js";
import { createPreflightLimit } from "./limiter/preflight-limit.js";
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
 * Limits by address are only as good as Express's `trust proxy` setting. A warning (`process.emitWarning`) names a
 * policy's patterns when no request can match any of them where the limiter is mounted.
 *
 * @throws {@link OptionsError} with every problem of the options.
 * @see https://www.rfc-editor.org/rfc/rfc6585#section-4
 */
export function rateLimit(options: RateLimitOptions): RateLimitMiddleware {
  const settings = readSettings(options, false);
  const preflight = createPreflightLimit(settings, false);
  const matched = settings.policies.flatMap(({ match }) => (match === undefined ? [] : [match]));
  // A limit that no request reaches looks like one that nobody exceeds.
  const checkMount = createMountCheck("rateLimit", matched);
  const { middleware } = createLimiter(settings, { preflight, checkMount });
  return Object.assign(middleware, { preflight: preflight.middleware });
}
