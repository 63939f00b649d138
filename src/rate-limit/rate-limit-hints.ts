import type { Hints } from "../core/options/option-types.js";
import type { RateLimitOptions, RateLimitPolicy } from "./rate-limit-options.js";

/** As express-rate-limit, rate-limiter-flexible, @nestjs/throttler and fastify-rate-limit call them. */
export const POLICY_HINTS: Hints<RateLimitPolicy> = {
  max: "limit",
  points: "limit",
  tokensPerInterval: "limit",
  windowMs: windowIn("windowMs counts milliseconds", '60000 is "1m"'),
  duration: windowIn("duration counts seconds", '60 is "1m"'),
  timeWindow: windowIn("timeWindow counts milliseconds", '60000 is "1m"'),
  interval: windowIn("interval counts milliseconds", '60000 is "1m"'),
  ttl: windowIn("ttl counts milliseconds (seconds before @nestjs/throttler 5)", '60000 is "1m"'),
  keyGenerator:
    'did you mean "key"? it gets the request alone, and returns a text, or undefined to count by address: (req) => String(req.user.id)',
  getTracker: "key",
  identifier: "name",
  keyPrefix: "name",
  weight: "cost",
};

const FAILURES =
  'write count: "failures", which gives the charge of an answer of 2xx or 304 back, or count: (req, res) => …, which returns true for what counts: the opposite of success';
const ALL_COUNT =
  "leave it out, what fails counts as well: it costs work, and clients could send as much of it as they like";
const SKIP =
  "write skip, a function that returns true for what no policy counts; decide by nothing that the client can choose";
const STORE = "store takes no client of Redis: wrap it, as in store: redisStore(client)";
/** `true` there lets everything pass uncounted, which nothing here does. */
const NEVER_UNCOUNTED =
  'while the store fails, requests are counted in memory (onStoreError: "fallback", the default) or refused ("reject"), not let through uncounted';
/** As express-slow-down calls them. */
const SLOW_DOWN =
  'write slowDown: { from: 0.5, step: "100ms", max: "2s" }, beside the limit from which on requests are refused';

/** The hints for policies, and those for the limiter. */
export const RATE_LIMIT_HINTS: Hints<RateLimitOptions> = {
  ...POLICY_HINTS,
  limits: "policies",
  throttlers: "policies",
  standardHeaders:
    "leave it out, RateLimit and RateLimit-Policy are sent by default; headers: { ietf: false } turns them off",
  legacyHeaders:
    "leave it out, X-RateLimit-* are sent by default; headers: { legacy: false } turns them off",
  ipv6Subnet: "ipv6Prefix",
  skipSuccessfulRequests: FAILURES,
  skipFailedRequests: ALL_COUNT,
  requestWasSuccessful: FAILURES,
  blockDuration:
    'write block: { after: 1, durations: ["5m"] }: a key that keeps being refused is blocked for so long',
  statusCode: "a refusal is 429 always; to answer in a format of your own write onDenied",
  requestPropertyName:
    "leave it out, nothing is put on the request: what is left stands in the header fields of the answer",
  validate: "leave it out, wrong options are errors at start-up and wrong settings are warnings",
  onLimitReached: "refusals are in the audit log; to answer in a format of your own write onDenied",
  logger:
    "leave it out, refusals are in the audit log, and faults of the setup are process warnings",
  trustProxy:
    'Express has this setting: write app.set("trust proxy", …) with the number or the addresses of your proxies',
  delayAfter: SLOW_DOWN,
  delayMs: SLOW_DOWN,
  maxDelayMs: SLOW_DOWN,
  allowList: SKIP,
  whitelist: SKIP,
  skipIf: SKIP,
  handler: "write onDenied: (error, req, res, next) => …, it must answer the refusal",
  message: "refusals are problem documents; to answer in a format of your own write onDenied",
  passOnStoreError: NEVER_UNCOUNTED,
  skipOnError: NEVER_UNCOUNTED,
  insuranceLimiter:
    'leave it out, the memory of this process steps in while the store fails (onStoreError: "fallback")',
  redis: STORE,
  storeClient: STORE,
  allowlist: SKIP,
  requests: "limit",
  storage: "store",
};

/** The same number would be another time: the sentence says in what the option counts elsewhere. */
function windowIn(unit: string, example: string): `${string} ${string}` {
  return `did you mean "window"? ${unit}, window is a text with a unit: ${example}`;
}
