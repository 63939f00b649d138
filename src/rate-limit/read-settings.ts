import { createCall } from "../core/calls/create-call.js";
import { wrongReturn } from "../core/calls/user-function.js";
import { GUARD_OPTIONS, type Mode, readGuardOptions } from "../core/guard/guard-options.js";
import type { Hints, OptionKey, OptionKeys } from "../core/options/option-types.js";
import { OptionsReader, readOptions } from "../core/options/options-reader.js";
import type { ProblemList } from "../core/options/problem-list.js";
import type { OnDenied } from "../core/refusal/deny.js";
import type { HeaderSettings } from "./answers/quota-headers.js";
import type { Policy, UserFunction } from "./policies/policy.js";
import { type PolicyDemands, readPolicy, readRate } from "./policies/read-policy.js";
import type {
  PreflightPolicy,
  RateLimitHeaders,
  RateLimitOptions,
  RateLimitPolicy,
} from "./rate-limit-options.js";
import { optionsOfRow, ROW_EXAMPLE, type RowPolicy } from "./row-policy.js";
import type { RateLimitStore } from "./stores/rate-limit-store.js";
import { readStore } from "./stores/read-store.js";

/** The options of a limiter, checked, with every default filled in. */
export interface LimiterSettings {
  readonly mode: Mode;
  readonly onDenied: OnDenied;
  readonly policies: readonly Policy[];
  /** What counts the answers in front of the limiter. */
  readonly preflight: Policy;
  /** Whether the options say something about that policy: `"off"` when it is `false`. */
  readonly preflightGiven: boolean | "off";
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
  count: "neverUndefined",
};
const POLICY_NAMES = Object.keys(POLICY_KEYS) as (keyof RateLimitPolicy)[];

const PREFLIGHT_KEYS: OptionKeys<PreflightPolicy> = {
  limit: true,
  window: true,
  burst: "neverUndefined",
};
/** A page asks once per address and method in ten minutes: many users behind one address stay far below this. */
const DEFAULT_RATE = { limit: 1000, windowMs: 60_000, burst: 1000 };

const KEYS: OptionKeys<RateLimitOptions> = {
  ...POLICY_KEYS,
  policies: "neverUndefined",
  preflight: "neverUndefined",
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
  keyGenerator:
    'did you mean "key"? it gets the request alone, and returns a text, or undefined to count by address: (req) => String(req.user.id)',
  getTracker: "key",
  identifier: "name",
  keyPrefix: "name",
  weight: "cost",
};

const MISPLACED = "it belongs beside policies, it is one for all of them";
const FAILURES =
  'write count: "failures", which gives the charge of an answer of 2xx or 304 back, or count: (req, res) => …, which returns true for what counts: the opposite of success';
const ALL_COUNT =
  "leave it out, what fails counts as well: it costs work, and clients could send as much of it as they like";
const SKIP =
  "write skip, a function that returns true for what no policy counts; decide by nothing that the client can choose";
const STORE =
  "store takes no client: wrap a limiter, as in store: fromRateLimiterFlexible(limiter)";
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
  skipSuccessfulRequests: FAILURES,
  skipFailedRequests: ALL_COUNT,
  requestWasSuccessful: FAILURES,
  blockDuration:
    "there is no time-out beyond the window: units come back evenly, and Retry-After says when there are enough",
  statusCode: "a refusal is 429 always; to answer in a format of your own write onDenied",
  requestPropertyName:
    "leave it out, nothing is put on the request: what is left stands in the header fields of the answer",
  validate: "leave it out, wrong options are errors at start-up and wrong settings are warnings",
  onLimitReached: "refusals are in the audit log; to answer in a format of your own write onDenied",
  logger:
    "leave it out, refusals are in the audit log, and faults of the setup are process warnings",
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
  redis: STORE,
  storeClient: STORE,
  allowlist: SKIP,
  requests: "limit",
  storage: "store",
};

const NOTHING_KEPT =
  'must be left out with onStoreError: "reject" and preflight: false: nothing is counted in memory then';

type SettingsReader = OptionsReader<OptionKey<RateLimitOptions>>;

/**
 * Reads the options of `rateLimit`.
 *
 * @param phased - Whether policies say in which phase they run, as in the preset.
 * @param rows - Further policies. With some, the options need none of their own.
 * @throws {@link OptionsError} with every problem.
 */
export function readSettings(
  options: unknown,
  phased: boolean,
  rows: readonly RowPolicy[] = [],
): LimiterSettings {
  const reader = readOptions<RateLimitOptions>(
    "rateLimit",
    options,
    KEYS,
    RATE_LIMIT_HINTS,
    'rateLimit({ limit: 100, window: "1m" })',
  );
  const demands = {
    phased,
    named: reader.has("store"),
    refunds: refunds(reader.raw("store")),
  };
  const own = [...POLICY_NAMES, "policies" as const].some((name) => reader.has(name));
  const policies = [
    ...(own || rows.length === 0 ? readPolicies(reader, demands) : []),
    ...rows.map((row) => readPolicy(readerOf(row, reader.problems), demands)),
  ];
  const settings = {
    ...readGuardOptions(reader),
    ...readStore(reader, policies),
    policies,
    preflight: readPreflight(reader, phased),
    preflightGiven: reader.raw("preflight") === false ? ("off" as const) : reader.has("preflight"),
    headers: readHeaders(reader),
    ipv6Prefix: reader.integer("ipv6Prefix", { min: 32, max: 128, default: 56 }),
    maxKeys: reader.integer("maxKeys", { min: 1, max: 10_000_000, default: 100_000 }),
    skip: readSkip(reader),
  };
  if (
    reader.has("maxKeys") &&
    settings.onStoreError === "reject" &&
    settings.preflightGiven === "off"
  ) {
    reader.note("maxKeys", NOTHING_KEPT);
  }
  reader.finish();
  return Object.freeze(settings);
}

function readerOf(row: RowPolicy, problems: ProblemList): OptionsReader<keyof RateLimitPolicy> {
  const options = optionsOfRow(row, problems);
  return new OptionsReader(row.path, options, POLICY_KEYS, hintsInPolicy(), problems, ROW_EXAMPLE);
}

function refunds(store: unknown): boolean {
  return (
    store === undefined || typeof (store as { refund?: unknown } | null)?.refund === "function"
  );
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
  const list =
    reader.objects<RateLimitPolicy>(
      "policies",
      POLICY_KEYS,
      hintsInPolicy(),
      '{ name: "login", limit: 5, window: "15m", match: "POST /login" }',
    ) ?? [];
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

/**
 * Reads `preflight`; what is wrong is noted with the reader.
 *
 * @param phased - Whether the preset puts it in its place, and so can leave it out.
 */
function readPreflight(reader: SettingsReader, phased: boolean): Policy {
  const isOff = reader.raw("preflight") === false;
  if (isOff && !phased) {
    reader.note("preflight", "must be left out here: what turns it off is not to mount .preflight");
  }
  const own = isOff
    ? undefined
    : reader.object<PreflightPolicy>(
        "preflight",
        PREFLIGHT_KEYS,
        {},
        '{ limit: 1000, window: "1m" }',
      );
  return Object.freeze({
    path: `${reader.path}.preflight`,
    name: "preflight",
    ...(own === undefined ? DEFAULT_RATE : readRate(own)),
    key: "ip",
    cost: 1,
    match: undefined,
    phase: undefined,
    count: "all",
  });
}

/** The hints for policies, and what is said to an option of the limiter that stands in one of them. */
function hintsInPolicy(): Hints<RateLimitPolicy> {
  const names = Object.keys(KEYS).filter((name) => !Object.hasOwn(POLICY_KEYS, name));
  const misplaced = names.map((name) => [name, MISPLACED] as const);
  return { ...POLICY_HINTS, ...Object.fromEntries(misplaced) };
}

/** The same number would be another time: the sentence says in what the option counts elsewhere. */
function windowIn(unit: string, example: string): `${string} ${string}` {
  return `did you mean "window"? ${unit}, window is a text with a unit: ${example}`;
}

function readHeaders(reader: SettingsReader): HeaderSettings {
  const headers = reader.object<RateLimitHeaders>(
    "headers",
    { ietf: true, legacy: true },
    {},
    "{ ietf: false, legacy: false } to send none",
  );
  if (headers === undefined) return { ietf: true, legacy: "epoch" };
  const ietf = headers.raw("ietf") === false ? false : headers.oneOf("ietf", ["draft-11"]);
  const legacy =
    headers.raw("legacy") === false ? false : headers.oneOf("legacy", ["epoch", "delta"]);
  return { ietf: ietf !== false, legacy };
}
