import { createCall } from "../core/calls/create-call.js";
import { wrongReturn } from "../core/calls/user-function.js";
import { GUARD_OPTIONS, type Mode, readGuardOptions } from "../core/guard/guard-options.js";
import type { Hints, OptionKey, OptionKeys } from "../core/options/option-types.js";
import { type OptionsReader, readOptions } from "../core/options/options-reader.js";
import type { OnDenied } from "../core/refusal/deny.js";
import type { Policy, UserFunction } from "./policies/policy.js";
import { type PolicyDemands, readPolicy } from "./policies/read-policy.js";
import type { HeaderSettings } from "./quota-headers.js";
import type { RateLimitHeaders, RateLimitOptions, RateLimitPolicy } from "./rate-limit-options.js";
import type { RateLimitStore } from "./stores/rate-limit-store.js";
import { readStore } from "./stores/read-store.js";

/** The options of a limiter, checked, with every default filled in. */
export interface LimiterSettings {
  readonly mode: Mode;
  readonly onDenied: OnDenied;
  readonly policies: readonly Policy[];
  readonly store: RateLimitStore | undefined;
  readonly onStoreError: "fallback" | "reject";
  readonly storeTimeoutMs: number;
  readonly headers: HeaderSettings;
  readonly ipv6Prefix: number;
  readonly maxKeys: number;
  readonly skip: UserFunction<boolean> | undefined;
}

const POLICY_KEYS: OptionKeys<RateLimitPolicy> = {
  name: true,
  limit: true,
  window: true,
  burst: "neverUndefined",
  key: "neverUndefined",
  cost: "neverUndefined",
  match: "neverUndefined",
  phase: true,
};
const POLICY_NAMES = Object.keys(POLICY_KEYS) as (keyof RateLimitPolicy)[];

const KEYS: OptionKeys<RateLimitOptions> = {
  ...POLICY_KEYS,
  policies: "neverUndefined",
  store: "neverUndefined",
  onStoreError: "neverUndefined",
  storeTimeout: true,
  headers: true,
  ipv6Prefix: true,
  maxKeys: true,
  skip: true,
  ...GUARD_OPTIONS,
};

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
  keyGenerator: "key",
  getTracker: "key",
  identifier: "name",
  keyPrefix: "name",
  weight: "cost",
};

const ALL_COUNT =
  "every request counts when it arrives, whatever its answer will be: leave it out; to count failures only, use the store yourself in the handler";
const SKIP =
  "write skip, a function that returns true for what no policy counts; decide by nothing that the client can choose";
/** `true` there lets everything pass uncounted, which nothing here does. */
const NEVER_UNCOUNTED =
  'while the store fails, requests are counted in memory (onStoreError: "fallback", the default) or refused ("reject"), never let through uncounted';

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
  skipSuccessfulRequests: ALL_COUNT,
  skipFailedRequests: ALL_COUNT,
  requestWasSuccessful: ALL_COUNT,
  blockDuration:
    "there is no time-out beyond the window: units come back evenly, and Retry-After says when there are enough",
  statusCode: "a refusal is 429 always; to answer in a format of your own write onDenied",
  trustProxy:
    'Express has this setting: write app.set("trust proxy", …) with the number or the addresses of your proxies',
  algorithm: "every policy is a token bucket: leave it out",
  allowList: SKIP,
  whitelist: SKIP,
  skipIf: SKIP,
  handler: "write onDenied: (error, req, res, next) => …, it must answer the refusal",
  message: "refusals are problem documents; to answer in a format of your own write onDenied",
  passOnStoreError: NEVER_UNCOUNTED,
  skipOnError: NEVER_UNCOUNTED,
  insuranceLimiter:
    'leave it out, the memory of this process steps in while the store fails (onStoreError: "fallback")',
  redis: "store takes no client: wrap a limiter, as in store: fromRateLimiterFlexible(limiter)",
  storage: "store",
};

type SettingsReader = OptionsReader<OptionKey<RateLimitOptions>>;

/**
 * Reads the options of `rateLimit`.
 *
 * @param phased - Whether policies say in which phase they run, as in the preset.
 * @throws {@link OptionsError} with every problem.
 */
export function readSettings(options: unknown, phased: boolean): LimiterSettings {
  const reader = readOptions<RateLimitOptions>(
    "rateLimit",
    options,
    KEYS,
    RATE_LIMIT_HINTS,
    'rateLimit({ limit: 100, window: "1m" })',
  );
  const policies = readPolicies(reader, { phased, named: reader.has("store") });
  const settings = {
    ...readGuardOptions(reader),
    ...readStore(reader, policies),
    policies,
    headers: readHeaders(reader),
    ipv6Prefix: reader.integer("ipv6Prefix", { min: 32, max: 128, default: 56 }),
    maxKeys: reader.integer("maxKeys", { min: 1, max: 10_000_000, default: 100_000 }),
    skip: readSkip(reader),
  };
  reader.finish();
  return Object.freeze(settings);
}

function readSkip(reader: SettingsReader): UserFunction<boolean> | undefined {
  const skip = reader.function<UserFunction<unknown>>("skip");
  if (skip === undefined) return undefined;
  const option = "rateLimit.skip";
  return createCall(skip, {
    option,
    parse(value) {
      if (typeof value === "boolean") return value;
      throw wrongReturn(option, "true or false", value);
    },
  });
}

function readPolicies(reader: SettingsReader, demands: PolicyDemands): readonly Policy[] {
  if (!reader.has("policies")) return [readPolicy(reader, demands)];
  for (const name of POLICY_NAMES) {
    if (reader.has(name)) reader.note(name, "must stand in each of the policies, not beside them");
  }
  const list = reader.objects<RateLimitPolicy>("policies", POLICY_KEYS, POLICY_HINTS) ?? [];
  const policies = list.map((item) => readPolicy(item, demands));
  policies.forEach(({ name }, index) => {
    const first = policies.findIndex((policy) => policy.name === name);
    if (first === index) return;
    list[index]?.note(
      "name",
      `must differ from that of policies[${first}]: give each policy a name`,
    );
  });
  return policies;
}

/** The same number would be another time: the sentence says in what the option counts elsewhere. */
function windowIn(unit: string, example: string): `${string} ${string}` {
  return `did you mean "window"? ${unit}, window is a text with a unit: ${example}`;
}

function readHeaders(reader: SettingsReader): HeaderSettings {
  const headers = reader.object<RateLimitHeaders>("headers", { ietf: true, legacy: true });
  if (headers === undefined) return { ietf: true, legacy: "epoch" };
  const ietf = headers.raw("ietf") === false ? false : headers.oneOf("ietf", ["draft-11"]);
  const legacy =
    headers.raw("legacy") === false ? false : headers.oneOf("legacy", ["epoch", "delta"]);
  return { ietf: ietf !== false, legacy };
}
