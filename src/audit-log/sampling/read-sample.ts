import { isSafeMethod } from "../../core/http/first-party.js";
import { type PathPattern, parsePathPattern } from "../../core/http/path-pattern.js";
import type { Hints } from "../../core/options/option-types.js";
import type { OptionsReader } from "../../core/options/options-reader.js";
import { describeQuoted, isPlainObject } from "../../core/options/value.js";
import { isRefused } from "../../core/refusal/refused.js";
import type { SampleOptions } from "./sample-options.js";

/** Which part of the successes has a record, by pattern; `undefined` stands for every path. */
export interface SampleSettings {
  readonly ratios: readonly (readonly [PathPattern | undefined, number])[];
}

const NEVER =
  "refusals, errors and writes are always recorded: success names the part of the other requests";
/** What other packages sample by. */
export const SAMPLE_HINTS: Hints<SampleOptions> = {
  ratio: "success",
  rate: "success",
  failure: NEVER,
  errors: NEVER,
  denials: NEVER,
};
const EXAMPLE = '{ success: { "GET /catalog/*": 0.01 } }';

/** Reads the option `sample`. @returns `undefined` when every success has a record. */
export function readSample(reader: OptionsReader<"sample">): SampleSettings | undefined {
  const sample = reader.object<SampleOptions>("sample", { success: true }, SAMPLE_HINTS, EXAMPLE);
  if (sample === undefined) return undefined;
  const success = sample.raw("success");
  if (!isPlainObject(success)) {
    const ratio = sample.number("success", { max: 1, default: 1 });
    return ratio === 1 ? undefined : { ratios: [[undefined, ratio]] };
  }
  const ratios = Object.keys(success).map((text) => {
    const pattern = parsePathPattern(text);
    const ratio: unknown = success[text];
    if (isRefused(pattern)) sample.note("success", `has a pattern that ${pattern.refused}`);
    else if (pattern.method !== undefined && !isSafeMethod(pattern.method))
      sample.note(
        "success",
        `has a pattern for ${pattern.method}, of which every request is recorded: only GET, HEAD, OPTIONS and TRACE are sampled`,
      );
    if (!isRatio(ratio))
      sample.note(
        "success",
        `must have numbers from 0 to 1, got ${describeQuoted(ratio, /^(?:[01]|0?\.\d{1,4})$/)}`,
      );
    return [isRefused(pattern) ? undefined : pattern, isRatio(ratio) ? ratio : 1] as const;
  });
  if (ratios.length === 0) sample.note("success", "must have patterns, got an empty object");
  return { ratios: Object.freeze(ratios) };
}

function isRatio(value: unknown): value is number {
  return typeof value === "number" && value >= 0 && value <= 1;
}
