import { GUARD_OPTIONS, type GuardOptions } from "../core/guard/guard-options.js";
import { readPathPatterns } from "../core/http/read-path-patterns.js";
import type { Hints, OptionKeys } from "../core/options/option-types.js";
import type { OptionsReader } from "../core/options/options-reader.js";
import type { Ramp, Thresholds } from "./overload/pressure.js";
import type { PriorityFunction, PriorityRules } from "./overload/priority.js";

/** Where a delay begins to count as overload, and where it counts in full. */
export interface DelayRamp {
  /** From `"1ms"`. @default "100ms" */
  readonly from?: string | undefined;
  /** Above `from`, up to `"1m"`. @default "500ms" */
  readonly to?: string | undefined;
}

/** Where a ratio begins to count as overload, and where it counts in full. */
export interface RatioRamp {
  /** From 0.01 to 1; of `utilization` the default is 0.97. @default 0.85 */
  readonly from?: number | undefined;
  /** Above `from`, up to 1; of `utilization` the default is 1. @default 0.95 */
  readonly to?: number | undefined;
}

/** Options of {@link loadShedding}. */
export interface LoadSheddingOptions extends GuardOptions {
  /**
   * How late the event loop is: the 99th percentile of a quarter of a second. It counts while the loop is busy for four fifths of the
   * time at least. `false` leaves it out. @default { from: "100ms", to: "500ms" }
   */
  readonly eventLoopDelay?: DelayRamp | false | undefined;
  /**
   * The part of the time in which the event loop is busy while other events wait. Connections that nobody has accepted yet
   * make no delay, but keep the loop busy. `false` leaves it out. @default { from: 0.97, to: 1 }
   */
  readonly utilization?: RatioRamp | false | undefined;
  /** Used heap ÷ the limit that V8 has for it (`--max-old-space-size`). @default { from: 0.85, to: 0.95 } */
  readonly heap?: RatioRamp | false | undefined;
  /**
   * Patterns of requests that are never shed, such as `"GET /health"` and `"POST /login"`. They match the exact spelling
   * of a path alone; GET includes HEAD. @default none
   */
  readonly critical?: string | readonly string[] | undefined;
  /**
   * Patterns of requests that are shed first, such as `"/reports/*"`. They cover every spelling of a path. What is both is
   * critical. @default none
   */
  readonly low?: string | readonly string[] | undefined;
  /**
   * The priority of a request that `critical` does not cover; `undefined` leaves it to `low`. It is asked under pressure
   * alone, and must then be quick: 503 `check_unavailable` when it fails or takes longer than 5 seconds. @default none
   */
  readonly priority?: PriorityFunction | undefined;
  /**
   * `Retry-After` of a refusal: a random whole number of seconds from this to twice as much, so that clients do not come
   * back together. From `"1s"` to `"1h"`. @default "2s"
   */
  readonly retryAfter?: string | undefined;
}

/** What was read. */
export interface LoadSheddingSettings extends PriorityRules {
  readonly thresholds: Thresholds;
  /** In whole seconds. */
  readonly retryAfter: number;
}

/** Names of {@link LoadSheddingOptions}. */
export const LOAD_SHEDDING_KEYS: OptionKeys<LoadSheddingOptions> = {
  eventLoopDelay: true,
  utilization: true,
  heap: true,
  critical: true,
  low: "neverUndefined",
  priority: "neverUndefined",
  retryAfter: true,
  ...GUARD_OPTIONS,
};

const DELAY = 'write eventLoopDelay: { from: "100ms", to: "500ms" }';
const UTILIZATION = "write utilization: { from: 0.97, to: 1 }";
const HEAP = "write heap: { from: 0.85, to: 0.95 }, as parts of the limit of V8";

/** What toobusy-js, overload-protection, @fastify/under-pressure and people call them. */
export const LOAD_SHEDDING_HINTS: Hints<LoadSheddingOptions> = {
  maxLag: DELAY,
  lag: DELAY,
  maxEventLoopDelay: DELAY,
  eventLoopLag: DELAY,
  interval: "leave it out: the process is sampled four times a second",
  sampleInterval: "leave it out: the process is sampled four times a second",
  maxEventLoopUtilization: UTILIZATION,
  eventLoopUtilization: UTILIZATION,
  utilisation: UTILIZATION,
  maxHeapUsedBytes: HEAP,
  maxHeapUsedThreshold: HEAP,
  maxRssBytes: HEAP,
  maxRssThreshold: HEAP,
  priorities: 'write critical: ["GET /health"] and low: ["/reports/*"], or priority: (req) => …',
  exclude: "write critical, with the patterns of the requests that must never be shed",
  skip: "write critical, with the patterns of the requests that must never be shed",
  clientRetrySecs: 'write retryAfter: "2s"',
};

/** Names of {@link DelayRamp} and {@link RatioRamp}. */
const RAMP_KEYS = { from: true, to: true } as const;
/** What people call them. */
export const RAMP_HINTS: Hints<DelayRamp & RatioRamp> = {
  start: "from",
  min: "from",
  end: "to",
  max: "to",
};

/** Reads everything but {@link GuardOptions}. */
export function readLoadShedding(
  reader: OptionsReader<keyof LoadSheddingOptions>,
): LoadSheddingSettings {
  const thresholds = {
    eventLoopDelay: readDelays(reader),
    utilization: readRatios(reader, "utilization", { from: 0.97, to: 1 }),
    heap: readRatios(reader, "heap", { from: 0.85, to: 0.95 }),
  };
  if (
    (["eventLoopDelay", "utilization", "heap"] as const).every((key) => reader.raw(key) === false)
  )
    reader.note(
      "",
      "must not have all of eventLoopDelay, utilization and heap false: nothing would ever be shed",
    );
  return {
    thresholds,
    critical:
      readPathPatterns(reader, "critical", "then nothing would ever be shed, name single routes") ??
      [],
    low: readPathPatterns(reader, "low") ?? [],
    priority: reader.function<PriorityFunction>("priority"),
    retryAfter: Math.ceil(
      reader.duration("retryAfter", { min: "1s", max: "1h", default: "2s" }) / 1000,
    ),
  };
}

function readDelays(reader: OptionsReader<"eventLoopDelay">): Ramp | undefined {
  if (reader.raw("eventLoopDelay") === false) return undefined;
  const ramp = reader.nested<DelayRamp>(
    "eventLoopDelay",
    reader.has("eventLoopDelay") ? reader.raw("eventLoopDelay") : {},
    RAMP_KEYS,
    RAMP_HINTS,
    '{ from: "100ms", to: "500ms" }',
  );
  const from = ramp.duration("from", { min: "1ms", max: "1m", default: "100ms" });
  const to = ramp.duration("to", { min: "1ms", max: "1m", default: "500ms" });
  return checked(ramp, { from, to });
}

function readRatios<Key extends "utilization" | "heap">(
  reader: OptionsReader<Key>,
  key: Key,
  usual: Ramp,
): Ramp | undefined {
  if (reader.raw(key) === false) return undefined;
  const ramp = reader.nested<RatioRamp>(
    key,
    reader.has(key) ? reader.raw(key) : {},
    RAMP_KEYS,
    RAMP_HINTS,
    `{ from: ${usual.from}, to: ${usual.to} }`,
  );
  const from = ramp.number("from", { min: 0.01, max: 1, default: usual.from });
  const to = ramp.number("to", { min: 0.01, max: 1, default: usual.to });
  return checked(ramp, { from, to });
}

/** A ramp without a length would be a cliff: a little less than that and nothing is shed, a little more and all is. */
function checked(reader: OptionsReader<"from" | "to">, ramp: Ramp): Ramp {
  if (ramp.from >= ramp.to)
    reader.note("to", "must be above from: what lies between is a ramp, not a cliff");
  return ramp;
}
