import type { Hints } from "../../../core/options/option-types.js";
import type { ExpressRateLimitOptions } from "./options.js";

const IN_MILLISECONDS =
  'did you mean "windowMs"? it is a number of milliseconds: 60000 is one minute';
const ANSWER = "write handler, which answers requests over the limit, or message";
const SKIP =
  "write skip, a function that returns true for what is not counted; decide by nothing that the client can choose";
const SLOW_DOWN =
  "it is an option of express-slow-down, and slows nothing down here: keep that package for it";
const NOT_COUNTED =
  "while the store fails, requests are answered 503; passOnStoreError: true lets them pass uncounted";

/** What the options of `rateLimit` of this library, and those that express-rate-limit had once, are called here. */
export const EXPRESS_RATE_LIMIT_HINTS: Hints<ExpressRateLimitOptions> = {
  window: IN_MILLISECONDS,
  duration: IN_MILLISECONDS,
  ttl: IN_MILLISECONDS,
  timeWindow: IN_MILLISECONDS,
  points: "limit",
  policies:
    "a limiter of this entry has one limit: write several of them, or take rateLimit from express-secure-api/rate-limit",
  burst: "leave it out, windows are fixed here and limit can be used at once",
  cost: "leave it out, a request counts once here",
  key: "keyGenerator",
  name: "identifier",
  ipv6Prefix: "write ipv6Subnet, a number from 32 to 128",
  count: "write skipSuccessfulRequests: true to count failures only, or requestWasSuccessful",
  match: SKIP,
  whitelist: SKIP,
  allowList: SKIP,
  maxKeys: "write store: new MemoryStore({ maxKeys: 100000 })",
  onStoreError: NOT_COUNTED,
  skipOnError: NOT_COUNTED,
  storeTimeout: "leave it out, a store has 5 seconds",
  onLimitReached: ANSWER,
  errorMessage: "write message, the body of the answer to requests over the limit",
  delayAfter: SLOW_DOWN,
  delayMs: SLOW_DOWN,
  maxDelayMs: SLOW_DOWN,
  draft_polli_ratelimit_headers: 'write standardHeaders: "draft-6"',
  trustProxy:
    'Express has this setting: write app.set("trust proxy", …) with the number or the addresses of your proxies',
  redis: "store takes no client: wrap it, as in store: new RedisStore({ sendCommand })",
  client: "store takes no client: wrap it, as in store: new RedisStore({ sendCommand })",
};

/** The checks of express-rate-limit 7 and 8 that `validate` may name. */
export const VALIDATIONS: ReadonlySet<string> = new Set([
  "default",
  "ip",
  "trustProxy",
  "xForwardedForHeader",
  "forwardedHeader",
  "positiveHits",
  "unsharedStore",
  "singleCount",
  "limit",
  "draftPolliHeaders",
  "onLimitReached",
  "headersDraftVersion",
  "headersResetTime",
  "knownOptions",
  "validationsConfig",
  "creationStack",
  "ipv6Subnet",
  "ipv6SubnetOrKeyGenerator",
  "keyGeneratorIpFallback",
  "windowMs",
]);

/** What is no store, and what to write in its place; the rest of a sentence. `undefined` for a store. */
export function storeFault(store: unknown): string | undefined {
  if (typeof store !== "object" || store === null)
    return "must be a store, an object with increment, decrement and resetKey";
  const has = (name: string): boolean =>
    typeof (store as Readonly<Record<string, unknown>>)[name] === "function";
  if (!["decrement", "resetKey"].every(has) || !(has("increment") || has("incr"))) {
    if (has("sendCommand") || has("call"))
      return "must be a store, not the client of a database: wrap it, as in new RedisStore({ sendCommand })";
    if (has("consume"))
      return "must be a store of express-rate-limit: one with consume is for rateLimit of express-secure-api/rate-limit";
    return "must be a store, with the functions increment, decrement and resetKey";
  }
  const wrong = ["init", "get", "resetAll"].find(
    (name) => (store as Readonly<Record<string, unknown>>)[name] !== undefined && !has(name),
  );
  return wrong === undefined ? undefined : `must be a store, whose ${wrong} is a function`;
}
