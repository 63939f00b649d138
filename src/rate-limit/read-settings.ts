import { createCall } from "../core/calls/create-call.js";
import { wrongReturn } from "../core/calls/user-function.js";
import { GUARD_OPTIONS, readGuardOptions } from "../core/guard/guard-options.js";
import type { Hints, OptionKey, OptionKeys } from "../core/options/option-types.js";
import { OptionsReader, readOptions } from "../core/options/options-reader.js";
import type { ProblemList } from "../core/options/problem-list.js";
import type { HeaderSettings } from "./answers/quota-headers.js";
import type { LimiterSettings } from "./limiter/limiter-settings.js";
import { delays, type Policy, type UserFunction } from "./policies/policy.js";
import {
  ON_STORE_ERROR,
  type PolicyDemands,
  readOnStoreError,
  readPolicy,
} from "./policies/read-policy.js";
import { readRate } from "./policies/read-rate.js";
import { POLICY_HINTS, RATE_LIMIT_HINTS } from "./rate-limit-hints.js";
import type {
  PreflightPolicy,
  RateLimitHeaders,
  RateLimitOptions,
  RateLimitPolicy,
} from "./rate-limit-options.js";
import { optionsOfRow, ROW_EXAMPLE, type RowPolicy } from "./row-policy.js";
import { abilitiesOf, readStore } from "./stores/read-store.js";

const POLICY_KEYS: OptionKeys<RateLimitPolicy> = {
  name: true,
  algorithm: "neverUndefined",
  limit: true,
  window: true,
  burst: "neverUndefined",
  tier: "neverUndefined",
  tiers: "neverUndefined",
  key: "neverUndefined",
  cost: "neverUndefined",
  match: "neverUndefined",
  phase: true,
  count: "neverUndefined",
  costAfter: "neverUndefined",
  warnAt: "neverUndefined",
  slowDown: "neverUndefined",
  onLimit: "neverUndefined",
  block: "neverUndefined",
  onStoreError: "neverUndefined",
};
/** Beside `policies`, what happens while the store fails is the default of all of them. */
const POLICY_NAMES = (Object.keys(POLICY_KEYS) as (keyof RateLimitPolicy)[]).filter(
  (name) => name !== "onStoreError",
);

const PREFLIGHT_KEYS: OptionKeys<PreflightPolicy> = {
  limit: true,
  window: true,
  burst: "neverUndefined",
};
/** A page asks once per address and method in ten minutes: many users behind one address stay far below this. */
const DEFAULT_RATE = { limit: 1000, windowMs: 60_000, burst: 1000 };

const IETF_VERSIONS = ["draft-11", "draft-8", "draft-7", "draft-6"] as const;
const MISPLACED = "it belongs beside policies, it is one for all of them";

const KEYS: OptionKeys<RateLimitOptions> = {
  ...POLICY_KEYS,
  policies: "neverUndefined",
  preflight: "neverUndefined",
  store: "neverUndefined",
  storeTimeout: true,
  fallbackShare: "neverUndefined",
  keySecret: "neverUndefined",
  maxWaiting: true,
  headers: true,
  ipv6Prefix: true,
  maxKeys: true,
  skip: true,
  ...GUARD_OPTIONS,
};

const NOTHING_KEPT =
  'must be left out with onStoreError: "reject" and preflight: false, or "dangerouslyOpen": nothing is counted in memory then';

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
  const store = abilitiesOf(reader.raw("store"));
  const own = [...POLICY_NAMES, "policies" as const].some((name) => reader.has(name));
  const isPolicy = !reader.has("policies") && (own || rows.length === 0);
  // Of a policy that stands here itself, it is read, and found wrong, with that.
  const onStoreError = isPolicy
    ? (ON_STORE_ERROR.find((one) => one === reader.raw("onStoreError")) ?? "fallback")
    : readOnStoreError(reader, { store, onStoreError: "fallback" });
  const demands = { phased, store, onStoreError };
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
    maxWaiting: readMaxWaiting(reader, policies),
    skip: readSkip(reader),
  };
  if (
    reader.has("maxKeys") &&
    policies.every(({ onStoreError }) => onStoreError !== "fallback") &&
    settings.store !== undefined &&
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

function readMaxWaiting(reader: SettingsReader, policies: readonly Policy[]): number {
  if (reader.has("maxWaiting") && !policies.some(delays)) {
    reader.note(
      "maxWaiting",
      'must be left out without a policy with "leaky-bucket" or slowDown: nothing waits',
    );
  }
  return reader.integer("maxWaiting", { min: 1, max: 100_000, default: 1000 });
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
    algorithm: "token-bucket",
    ...(own === undefined ? DEFAULT_RATE : readRate(own)),
    rateFor: undefined,
    tiers: undefined,
    warnAt: undefined,
    slowDown: undefined,
    soft: false,
    blocking: undefined,
    onStoreError: "fallback",
    key: "ip",
    cost: 1,
    match: undefined,
    phase: undefined,
    count: "all",
    costAfter: undefined,
    resets: false,
    sharesRest: true,
  });
}

/** The hints for policies, and what is said to an option of the limiter that stands in one of them. */
function hintsInPolicy(): Hints<RateLimitPolicy> {
  const names = Object.keys(KEYS).filter((name) => !Object.hasOwn(POLICY_KEYS, name));
  const misplaced = names.map((name) => [name, MISPLACED] as const);
  return { ...POLICY_HINTS, ...Object.fromEntries(misplaced) };
}

function readHeaders(reader: SettingsReader): HeaderSettings {
  const headers =
    reader.object<RateLimitHeaders>(
      "headers",
      { ietf: true, legacy: true, retryJitter: true },
      {},
      "{ ietf: false, legacy: false } to send none",
    ) ??
    reader.nested<RateLimitHeaders>("headers", {}, { ietf: true, legacy: true, retryJitter: true });
  const ietf = headers.raw("ietf") === false ? false : headers.oneOf("ietf", IETF_VERSIONS);
  const legacy =
    headers.raw("legacy") === false ? false : headers.oneOf("legacy", ["epoch", "delta"]);
  const retryJitter = headers.number("retryJitter", { min: 0, max: 1, default: 0.1 });
  return { ietf, legacy, retryJitter };
}
