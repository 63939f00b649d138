import { createCall } from "../../core/calls/create-call.js";
import { isThenable, wrongReturn } from "../../core/calls/user-function.js";
import type { OptionKeys } from "../../core/options/option-types.js";
import type { OptionsReader } from "../../core/options/options-reader.js";
import { parseDuration } from "../../core/options/quantity.js";
import { isHarmless, isPlainObject } from "../../core/options/value.js";
import type { Policy, Rate, RateLimitAlgorithm, UserFunction } from "./policy.js";
import type { RateLimitTier } from "./policy-options.js";

type RateReader = OptionsReader<"limit" | "window" | "burst">;
type PolicyRateReader = OptionsReader<"limit" | "window" | "burst" | "tier" | "tiers">;
/** The rate of a policy, and of its requests where it depends on them. */
export type PolicyRate = Rate & Pick<Policy, "rateFor" | "tiers">;

const MAX_LIMIT = 1_000_000_000;
/** A log keeps the moment of every unit, and a store each request that runs. */
const MAX_OF: Partial<Record<RateLimitAlgorithm, number>> = {
  "sliding-log": 1000,
  concurrency: 10_000,
};
const MIN_WINDOW_MS = 1000;
const MAX_WINDOW_MS = 366 * 86_400_000;
/** How long a store holds a unit of a process that has crashed. */
const DEFAULT_LEASE = "5m";
/** Nothing passes, so its window is that of the rates beside it, if there are any. */
const NO_RATE: Rate = Object.freeze({ limit: 0, windowMs: MIN_WINDOW_MS, burst: 0 });
const RATE_KEYS: OptionKeys<RateLimitTier> = {
  limit: true,
  window: true,
  burst: "neverUndefined",
};
const TIER_EXAMPLE = '{ limit: 60, window: "1m" }';
const TIERS_EXAMPLE = `{ free: ${TIER_EXAMPLE}, paid: { limit: 600, window: "1m" } }`;
const NO_BURST: Partial<Record<RateLimitAlgorithm, string>> = {
  "sliding-log": "never more than limit passes in a window",
  "fixed-window": "the whole limit can be spent at once",
  concurrency: "the whole limit can be spent at once",
};

/** Reads how much passes in which time, where that is the same for all requests. */
export function readRate(reader: RateReader): Rate {
  return readFixedRate(reader, "token-bucket", false);
}

/**
 * Reads the rate of a policy; what is wrong is noted with the reader.
 *
 * @param stored - Whether a store counts: only that holds the units of what runs for a limited time.
 */
export function readPolicyRate(
  reader: PolicyRateReader,
  algorithm: RateLimitAlgorithm,
  stored: boolean,
): PolicyRate {
  if (reader.has("tier") || reader.has("tiers")) return readTiers(reader, algorithm, stored);
  const isDynamic = (["limit", "window", "burst"] as const).some(
    (name) => typeof reader.raw(name) === "function",
  );
  if (isDynamic) return readRateFunctions(reader, algorithm, stored);
  return { ...readFixedRate(reader, algorithm, stored), rateFor: undefined, tiers: undefined };
}

function readFixedRate(reader: RateReader, algorithm: RateLimitAlgorithm, stored: boolean): Rate {
  if (reader.raw("limit") === "none") {
    for (const name of ["window", "burst"] as const) {
      if (reader.has(name)) reader.note(name, 'must be left out with limit: "none"');
    }
    return NO_RATE;
  }
  const limit = readLimit(reader, algorithm);
  const windowMs = readWindow(reader, algorithm, stored);
  return Object.freeze({ limit, windowMs, burst: readBurst(reader, algorithm, limit) });
}

function readLimit(reader: RateReader, algorithm: RateLimitAlgorithm): number {
  const max = MAX_OF[algorithm] ?? MAX_LIMIT;
  // It usually comes from a missing setting, and "none" says it in a word.
  if (reader.raw("limit") === 0) {
    const fix = 'is a variable not set? To let nothing pass, write "none"';
    reader.note("limit", `must be a whole number from 1 to ${max}, got 0: ${fix}`);
    return 1;
  }
  return reader.integer("limit", { required: true, min: 1, max });
}

function readWindow(reader: RateReader, algorithm: RateLimitAlgorithm, stored: boolean): number {
  if (algorithm === "concurrency" && !stored) {
    if (reader.has("window")) {
      reader.note(
        "window",
        'must be left out with "concurrency" in memory: a request counts until it is over',
      );
    }
    return MIN_WINDOW_MS;
  }
  const range = { min: "1s", max: "366d", step: "1s" } as const;
  const windowMs =
    algorithm === "concurrency"
      ? reader.duration("window", { ...range, default: DEFAULT_LEASE })
      : reader.duration("window", { ...range, required: true });
  // The header fields count in seconds, and so do the other stores.
  if (windowMs % 1000 !== 0) reader.note("window", "must be a whole number of seconds");
  return windowMs;
}

function readBurst(reader: RateReader, algorithm: RateLimitAlgorithm, limit: number): number {
  const reason = NO_BURST[algorithm];
  if (reason !== undefined) {
    if (reader.has("burst"))
      reader.note("burst", `must be left out with "${algorithm}": ${reason}`);
    return limit;
  }
  const max = reader.raw("limit") === limit ? limit : MAX_LIMIT;
  // How long requests may wait is a decision: a whole window would be the default otherwise.
  return algorithm === "leaky-bucket"
    ? reader.integer("burst", { required: true, min: 1, max })
    : reader.integer("burst", { min: 1, max, default: limit });
}

function readTiers(
  reader: PolicyRateReader,
  algorithm: RateLimitAlgorithm,
  stored: boolean,
): PolicyRate {
  for (const name of ["limit", "window", "burst"] as const) {
    if (reader.has(name)) reader.note(name, "must stand in each of the tiers, not beside them");
  }
  const tier = reader.function<UserFunction<unknown>>("tier", { required: true });
  const tiers = readTierTable(reader, algorithm, stored);
  const isOfOneWindow = algorithm === "sliding-log" || algorithm === "concurrency";
  if (isOfOneWindow && new Set([...tiers.values()].map(windowOf)).size > 1) {
    reader.note("tiers", `must have one window with "${algorithm}"`);
  }
  const option = `${reader.path}.tier`;
  const rateFor =
    tier === undefined
      ? undefined
      : createCall<Rate, Parameters<UserFunction<unknown>>[0]>(tier, {
          option,
          parse(value) {
            const rate = typeof value === "string" ? tiers.get(value) : undefined;
            if (rate === undefined)
              throw wrongReturn(option, "the name of one of the tiers", value);
            return rate;
          },
        });
  return { ...largestOf([...tiers.values()]), rateFor, tiers };
}

function readTierTable(
  reader: PolicyRateReader,
  algorithm: RateLimitAlgorithm,
  stored: boolean,
): ReadonlyMap<string, Rate> {
  const table = reader.raw("tiers");
  if (!isPlainObject(table) || Object.keys(table).length === 0) {
    reader.problem("tiers", "an object with a rate for each tier", `write ${TIERS_EXAMPLE}`);
    return new Map();
  }
  const rates = new Map(
    Object.keys(table).map((name, index) => {
      const shown = isHarmless(name) ? JSON.stringify(name) : index;
      const key = `tiers[${shown}]` as "tiers";
      const tier = reader.nested<RateLimitTier>(key, table[name], RATE_KEYS, {}, TIER_EXAMPLE);
      return [name, readFixedRate(tier, algorithm, stored)] as const;
    }),
  );
  return withoutWindowsOfNone(rates);
}

/** Where nothing passes, no window is given: it is that of the others, or the counts of those would end with it. */
function withoutWindowsOfNone(rates: ReadonlyMap<string, Rate>): ReadonlyMap<string, Rate> {
  const windowMs = Math.max(...[...rates.values()].map(windowOf));
  return new Map(
    [...rates].map(([name, rate]) => [
      name,
      rate.limit === 0 ? Object.freeze({ ...rate, windowMs }) : rate,
    ]),
  );
}

/** A policy any of whose `limit`, `window` and `burst` is a function. */
function readRateFunctions(
  reader: PolicyRateReader,
  algorithm: RateLimitAlgorithm,
  stored: boolean,
): PolicyRate {
  const { path } = reader;
  const raw = (name: "limit" | "window" | "burst"): UserFunction<unknown> | undefined => {
    const value = reader.raw(name);
    return typeof value === "function" ? (value as UserFunction<unknown>) : undefined;
  };
  if (raw("window") !== undefined && (algorithm === "sliding-log" || algorithm === "concurrency")) {
    reader.note("window", `must be a duration with "${algorithm}", not a function`);
  }
  const max = MAX_OF[algorithm] ?? MAX_LIMIT;
  const limitOf = callOf(raw("limit"), `${path}.limit`, (option, value) =>
    parseLimit(option, value, max),
  );
  const windowOfRequest = callOf(raw("window"), `${path}.window`, parseWindow);
  const burstOf = callOf(raw("burst"), `${path}.burst`, parseBurst);
  const limit = limitOf === undefined ? readLimit(reader, algorithm) : max;
  const windowMs =
    windowOfRequest === undefined ? readWindow(reader, algorithm, stored) : MIN_WINDOW_MS;
  const burst = burstOf === undefined ? readBurst(reader, algorithm, limit) : limit;
  const rateFor: UserFunction<Rate> = (req) => {
    const parts = [
      limitOf?.(req) ?? limit,
      windowOfRequest?.(req) ?? windowMs,
      burstOf?.(req) ?? burst,
    ] as const;
    return parts.some(isThenable)
      ? Promise.all(parts).then(rateFrom)
      : rateFrom(parts as readonly [number, number, number]);
  };
  return { limit, windowMs, burst, rateFor, tiers: undefined };
}

/** A burst of more than the limit is none: the limit may have become smaller. */
function rateFrom([limit, windowMs, burst]: readonly [number, number, number]): Rate {
  return { limit, windowMs, burst: Math.min(limit, burst) };
}

function callOf(
  decide: UserFunction<unknown> | undefined,
  option: string,
  parse: (option: string, value: unknown) => number,
): UserFunction<number> | undefined {
  if (decide === undefined) return undefined;
  return createCall<number, Parameters<UserFunction<unknown>>[0]>(decide, {
    option,
    parse: (value) => parse(option, value),
  });
}

function parseLimit(option: string, value: unknown, max: number): number {
  if (value === "none") return 0;
  if (isWhole(value) && value <= max) return value;
  throw wrongReturn(option, `a whole number from 1 to ${max}, or "none"`, value);
}

function parseWindow(option: string, value: unknown): number {
  const windowMs = typeof value === "string" ? parseDuration(value) : undefined;
  const fits = windowMs !== undefined && windowMs >= MIN_WINDOW_MS && windowMs <= MAX_WINDOW_MS;
  if (fits && windowMs % 1000 === 0) return windowMs;
  throw wrongReturn(option, 'a duration of whole seconds from "1s" to "366d"', value);
}

function parseBurst(option: string, value: unknown): number {
  if (isWhole(value)) return value;
  throw wrongReturn(option, "a whole number of at least 1", value);
}

function isWhole(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 1;
}

function largestOf(rates: readonly Rate[]): Rate {
  return rates.reduce((most, rate) => (rate.limit > most.limit ? rate : most), NO_RATE);
}

function windowOf({ windowMs }: Rate): number {
  return windowMs;
}
