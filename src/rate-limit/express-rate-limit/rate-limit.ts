import type { Request } from "express";
import { callObserver, follow } from "../../core/calls/follow.js";
import { failedWith } from "../../core/calls/function-failure.js";
import { isThenable } from "../../core/calls/user-function.js";
import { createGuard, type Guard } from "../../core/guard/guard.js";
import { type GuardDetails, giveDetails } from "../../core/guard/guard-details.js";
import type { Middleware } from "../../core/guard/middleware.js";
import { nameOf, optionsUsed } from "./default-options.js";
import { Limiter } from "./limiter.js";
import type {
  ClientRateLimitInfo,
  ExpressRateLimitOptions,
  Logger,
  Options,
  RateLimitInfo,
  Store,
} from "./options/options.js";
import { OverLimit } from "./over-limit.js";
import { readSettings, type Settings } from "./read-settings.js";
import { storeKey } from "./run.js";
import { MemoryStore } from "./stores/memory-store.js";
import { modernStore } from "./stores/store-client.js";
import { warnAboutOptions } from "./warnings.js";

/** What `rateLimit` returns. */
export interface RateLimitRequestHandler extends Middleware {
  /** Forgets the hits of a key. */
  resetKey(key: string): Promise<void> | void;
  /** The hits of a key. @throws Error when the store has no `get`. */
  getKey(key: string): Promise<ClientRateLimitInfo | undefined> | ClientRateLimitInfo | undefined;
}

/** A request with the quota that a limiter has put on it, by `requestPropertyName`. */
export type AugmentedRequest = Request & { [name: string]: RateLimitInfo };

const FIELDS = {
  "draft-6": ["RateLimit-Policy", "RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"],
  "draft-7": ["RateLimit-Policy", "RateLimit"],
  "draft-8": ["RateLimit-Policy", "RateLimit"],
} as const;
const LEGACY_FIELDS = ["X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"];

/**
 * The limiter of express-rate-limit 8, with its options, its stores and its answers: whoever comes from that package
 * changes the import and nothing else. New apps take `rateLimit` of `express-secure-api/rate-limit`.
 *
 * It counts in fixed windows, which begin with the first request of a key: around the end of one, a client can send
 * twice the limit. Requests over the limit are answered 429 with `message`, or by `handler`; they count as well. What
 * cannot be counted, because the store or a function of the options fails, is an error for the error handlers of the
 * app: 503 `rate_limit_unavailable` or `check_unavailable`.
 *
 * @throws {@link OptionsError} with every problem of the options.
 * @see https://express-rate-limit.mintlify.app/reference/configuration
 */
export function rateLimit(options: ExpressRateLimitOptions = {}): RateLimitRequestHandler {
  const settings = readSettings(options);
  const store = modernStore(settings.store ?? new MemoryStore());
  const used = optionsUsed(settings, store);
  const guard = createGuard("rateLimit", "limit", settings);
  const tell = createTeller(guard, settings.logger);
  const policy = policyOf(settings);
  const overLimit = new OverLimit(guard, settings, used, policy);
  const limiter = new Limiter(settings, { guard, store, overLimit, policy, tell });
  warnAboutOptions(settings, options);
  initialise(store, used, tell);
  const middleware = guard.middleware((req, res, next) => limiter.handle(req, res, next), {
    rule: policy,
  });
  giveDetails(middleware, () => describe(settings, policy));
  return Object.assign(middleware, {
    resetKey: (key: string) => store.resetKey(storeKey(guard, key)),
    getKey(key: string) {
      if (typeof store.get !== "function")
        throw new Error("rateLimit.store has no get, so getKey cannot ask it");
      return store.get(storeKey(guard, key));
    },
  });
}

/** Nobody waits for the store, which may be asked before it is ready: its requests fail until then. */
function initialise(
  store: Store,
  options: Options,
  tell: (error: unknown, message: string) => void,
): void {
  try {
    const result: unknown = store.init?.(options);
    const failed = (error: unknown): void =>
      tell(error, "async error during store initialization.");
    if (isThenable(result)) follow(result, () => undefined, failed);
  } catch (error) {
    tell(error, "error during store initialization.");
  }
}

/** Tells of a store that fails: the logger of the app each time, or else once as a process warning. */
function createTeller(guard: Guard, logger: Logger | undefined) {
  return function tell(error: unknown, message: string): void {
    if (logger === undefined) {
      guard.tell(failedWith("rateLimit.store", error));
      return;
    }
    callObserver(() => logger.error(error, `express-rate-limit: ${message}`));
  };
}

/** What decisions and the route audit call the limit. */
function policyOf({ name, limit, windowMs }: Settings): string {
  if (typeof name === "string") return name;
  return nameOf({ limit: typeof limit === "number" ? limit : "limit" }, windowMs);
}

function describe({ limit, windowMs, key, draft, legacy }: Settings, name: string): GuardDetails {
  const by = key === undefined ? "address" : "key";
  const isKnown = typeof limit === "number" && Number.isFinite(limit);
  return {
    ...(isKnown ? { limits: [{ name, limit, windowSeconds: windowMs / 1000, by }] } : {}),
    headers: [...(draft === false ? [] : FIELDS[draft]), ...(legacy ? LEGACY_FIELDS : [])],
  };
}
