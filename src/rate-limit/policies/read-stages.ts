import type { OptionKeys } from "../../core/options/option-types.js";
import type { OptionsReader } from "../../core/options/options-reader.js";
import { DURATION } from "../../core/options/quantity.js";
import type {
  Policy,
  RateLimitAlgorithm,
  RateLimitBlocking,
  SlowDown,
  StoreAbilities,
} from "./policy.js";
import type { BlockOptions, SlowDownOptions } from "./policy-options.js";

type StageReader = OptionsReader<"warnAt" | "slowDown" | "onLimit" | "block">;

const BLOCK_KEYS: OptionKeys<BlockOptions> = {
  after: "neverUndefined",
  within: true,
  durations: true,
  forgetAfter: true,
};
const SLOW_DOWN_KEYS: OptionKeys<SlowDownOptions> = { from: true, step: true, max: true };
const DURATIONS = ["1m", "5m", "30m", "2h", "24h"] as const;

/** Reads what a policy does before it refuses, and after it has refused too often; what is wrong is noted. */
export function readStages(
  reader: StageReader,
  algorithm: RateLimitAlgorithm,
  store: StoreAbilities | undefined,
): Pick<Policy, "warnAt" | "slowDown" | "soft" | "blocking"> {
  const slowDown = readSlowDown(reader, algorithm);
  const soft = reader.oneOf("onLimit", ["refuse", "slow-down"]) === "slow-down";
  if (soft && slowDown === undefined) {
    reader.note("onLimit", 'must be "refuse" without slowDown: the limit would have no effect');
  }
  if (soft && store?.soft === false) {
    reader.note("onLimit", 'must be "refuse": the store does not know limits that only slow down');
  }
  const blocking = readBlock(reader, soft, store);
  return { warnAt: readWarnAt(reader), slowDown, soft, blocking };
}

function readWarnAt(reader: StageReader): number | undefined {
  if (!reader.has("warnAt")) return undefined;
  const warnAt = reader.number("warnAt", { min: 0, max: 1 });
  if (warnAt === 0) reader.note("warnAt", "must be above 0: every request would be one too many");
  return warnAt;
}

function readSlowDown(reader: StageReader, algorithm: RateLimitAlgorithm): SlowDown | undefined {
  const options = reader.object<SlowDownOptions>(
    "slowDown",
    SLOW_DOWN_KEYS,
    {},
    '{ from: 0.5, step: "100ms", max: "2s" }',
  );
  if (options === undefined) return undefined;
  if (algorithm === "leaky-bucket") {
    reader.note("slowDown", 'must be left out with "leaky-bucket", which delays by itself');
  }
  const from = options.number("from", { required: true, min: 0, max: 1 });
  if (from === 1) options.note("from", "must be below 1: nothing is left to slow down there");
  const stepMs = options.duration("step", { required: true, min: "1ms", max: "1m" });
  const maxMs = options.duration("max", { min: "1ms", max: "1m", default: "2s" });
  if (stepMs > maxMs) options.note("step", "must not be longer than max");
  return Object.freeze({ from, stepMs, maxMs });
}

function readBlock(
  reader: StageReader,
  soft: boolean,
  store: StoreAbilities | undefined,
): RateLimitBlocking | undefined {
  const options = reader.object<BlockOptions>("block", BLOCK_KEYS, {}, "{ after: 10 }");
  if (options === undefined) return undefined;
  if (soft)
    reader.note("block", 'must be left out with onLimit: "slow-down", which refuses nothing');
  if (store?.blocks === false) {
    reader.note("block", "must be left out: the store does not block keys");
  }
  const byHand = options.raw("after") === "never";
  if (byHand) {
    for (const name of ["within", "durations", "forgetAfter"] as const) {
      if (options.has(name)) options.note(name, 'must be left out with after: "never"');
    }
  }
  return Object.freeze({
    after: byHand
      ? // A store may write it as JSON, which has no infinity.
        Number.MAX_SAFE_INTEGER
      : options.integer("after", { min: 1, max: 1_000_000, default: 10 }),
    withinMs: options.duration("within", { min: "1s", max: "30d", default: "10m" }),
    durationsMs: readDurations(options),
    forgetMs: options.duration("forgetAfter", { min: "1s", max: "366d", default: "1d" }),
  });
}

function readDurations(reader: OptionsReader<"durations">): readonly number[] {
  const items = reader.items("durations") ?? DURATIONS.map((value) => ({ value, note: ignore }));
  if (items.length === 0) reader.note("durations", "must be a non-empty list of durations");
  let longest = 0;
  return Object.freeze(
    items.map(({ value, note }) => {
      const parsed = typeof value === "string" ? DURATION.parse(value) : undefined;
      if (parsed === undefined || parsed < 1000 || parsed > 30 * 86_400_000) {
        note('must be a duration from 1s to 30d, such as "5m" (units ms, s, m, h, d)');
        return 1000;
      }
      if (parsed < longest) note("must not be shorter than the one before it");
      longest = Math.max(longest, parsed);
      return parsed;
    }),
  );
}

function ignore(): void {}
