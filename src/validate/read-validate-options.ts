import { readGuardOptions } from "../core/guard/guard-options.js";
import { isMediaTypePattern } from "../core/http/media-type.js";
import { OptionsError } from "../core/options/options-error.js";
import { readOptions } from "../core/options/options-reader.js";
import type { OnDenied } from "../core/refusal/deny.js";
import {
  readLimits,
  STRUCTURE_LIMITS,
  type StructureLimits,
} from "../core/structure/check-structure.js";
import { mayRead, type RunnableChain } from "./chains/chains.js";
import { describeSchemas, type SchemaDescription } from "./describe-schema.js";
import type { Part } from "./issues/field-error.js";
import { isJoiSchema } from "./joi/joi.js";
import { isJsonSchema, type UnknownFields } from "./json-schema/json-schema.js";
import type { PartPlan, RequestSettings } from "./parts/validate-parts.js";
import {
  type AllowedPatterns,
  isRunnable,
  readSchema,
  type ValidateReader,
} from "./read-schema.js";
import { isStandardSchema } from "./standard-schema/standard-schema.js";
import {
  VALIDATE_HINTS,
  VALIDATE_KEYS,
  type ValidateChainsOptions,
  type ValidateOptions,
} from "./validate-options.js";

/** The options of `validate`, checked and prepared. */
export interface ValidateSettings extends RequestSettings {
  readonly parts: readonly PartPlan[];
  /** Empty when parts are given. */
  readonly chains: readonly RunnableChain[];
  readonly unknown: UnknownFields;
  /** Whether the app has left `contentTypes` to its default. */
  readonly defaultTypes: boolean;
  /** What the documents about routes show of the schemas. */
  readonly describe: SchemaDescription;
  /** Whether no function of the app makes values. */
  readonly trees: boolean;
  readonly onDenied: OnDenied;
}

const PARTS: readonly Part[] = ["body", "query", "params", "headers", "cookies"];
const UNKNOWN: readonly UnknownFields[] = ["reject", "strip", "allow"];

/** Nodes in front of chains: 2,000 matches of a wildcard take express-validator some 20 ms, ten times as many 2 s. */
const CHAIN_NODES = 2000;

/** @throws {@link OptionsError} with everything that is wrong. */
export function readValidateOptions(options: unknown): ValidateSettings {
  if (isRunnable(options) || (Array.isArray(options) && options.some(isRunnable))) {
    throw new OptionsError([
      "validate must be given options, got chains: write validate({ chains: […], unknown })",
    ]);
  }
  if (isBareSchema(options)) {
    throw new OptionsError([
      "validate must be given options, got a schema: write validate({ body: schema })",
    ]);
  }
  const reader = readOptions<ValidateOptions | ValidateChainsOptions>(
    "validate",
    options ?? {},
    VALIDATE_KEYS,
    VALIDATE_HINTS,
    "validate({ body: schema })",
  );
  const chains = readChains(reader);
  const unknown = readUnknown(reader, chains);
  const maxErrors = reader.integer("maxErrors", { default: 20, min: 1, max: 100 });
  const allowed: AllowedPatterns = new Map(
    (reader.strings("dangerouslyAllowPatterns") ?? []).map((source) => [source, false]),
  );
  // One more than are told, to know that there are more.
  const parts =
    chains.length > 0
      ? []
      : PARTS.flatMap((part) => readSchema(reader, part, unknown, maxErrors + 1, allowed));
  noteUnusedPatterns(reader, allowed);
  const readsBody = reader.has("body") || chains.some((chain) => mayRead(chain, "body"));
  const settings: ValidateSettings = {
    parts,
    chains,
    unknown,
    describe: describeSchemas(
      chains.length > 0
        ? PARTS.filter((part) => chains.some((chain) => mayRead(chain, part))).map(
            (part) => [part, undefined] as const,
          )
        : parts.map(({ part }) => [part, reader.raw(part)] as const),
    ),
    trees: chains.length === 0 && parts.every((plan) => plan.trees),
    readsBody,
    contentTypes: readContentTypes(reader, readsBody),
    defaultTypes: !reader.has("contentTypes"),
    limits: readLimits(
      reader.object<StructureLimits>("limits", STRUCTURE_LIMITS, {}, "{ depth: 20 }"),
      chains.length > 0 ? CHAIN_NODES : undefined,
    ),
    status: readStatus(reader),
    maxErrors,
    expose: reader.oneOf("expose", ["pointers", "full", "none"], { default: "pointers" }),
    ...readGuardOptions(reader),
  };
  reader.finish();
  return Object.freeze(settings);
}

/** Whether a schema stands where the options do: it would be refused name by name. */
function isBareSchema(value: unknown): boolean {
  if (isStandardSchema(value) || isJoiSchema(value)) return true;
  return isJsonSchema(value) && !PARTS.some((part) => Object.hasOwn(value, part));
}

function readChains(reader: ValidateReader): readonly RunnableChain[] {
  const given = reader.items("chains");
  const chains: RunnableChain[] = [];
  let isEmpty = true;
  for (const { value, note } of given ?? []) {
    // What checkSchema() returns is a list of chains.
    for (const chain of Array.isArray(value) ? value : [value]) {
      isEmpty = false;
      if (isRunnable(chain)) chains.push(chain);
      else note("must be a chain of express-validator: something with run()");
    }
  }
  if (given !== undefined && isEmpty) reader.note("chains", "must not be an empty list");
  if (given === undefined && !PARTS.some((part) => reader.has(part))) {
    reader.note("", `must have at least one of ${PARTS.join(", ")}, or chains`);
  }
  for (const part of PARTS) {
    if (given !== undefined && reader.has(part)) {
      reader.note(part, "must not stand beside chains: use two validators");
    }
  }
  return Object.freeze(chains);
}

function readUnknown(reader: ValidateReader, chains: readonly RunnableChain[]): UnknownFields {
  if (chains.length > 0) return reader.oneOf("unknown", UNKNOWN, { required: true });
  const concerned = (["body", "query"] as const).some((part) => {
    const schema = reader.raw(part);
    return schema !== undefined && (typeof schema !== "function" || isStandardSchema(schema));
  });
  // Chains that are wrong are one problem: `unknown` is required beside the right ones.
  if (reader.has("unknown") && !concerned && !reader.has("chains")) {
    reader.note(
      "unknown",
      "must be left out: it concerns schemas of body and query, and there is none",
    );
  }
  return reader.oneOf("unknown", UNKNOWN, { default: "reject" });
}

function noteUnusedPatterns(reader: ValidateReader, allowed: AllowedPatterns): void {
  let index = 0;
  for (const isUsed of allowed.values()) {
    index += 1;
    if (isUsed) continue;
    reader.note(
      "dangerouslyAllowPatterns",
      `must name only slow patterns of the schemas: entry ${index} is none`,
    );
  }
}

function readContentTypes(reader: ValidateReader, readsBody: boolean): readonly string[] {
  const types = reader.strings("contentTypes", {
    default: ["application/json", "application/*+json"],
    check: (type) =>
      isMediaTypePattern(type)
        ? undefined
        : 'must be a lower-case media type without parameters, such as "application/json" or "application/*+json"',
  });
  if (reader.has("contentTypes") && !readsBody) {
    reader.note("contentTypes", "must be left out: no body is validated");
  }
  return types ?? [];
}

function readStatus(reader: ValidateReader): 422 | 400 {
  const status = reader.raw("status");
  if (status === undefined || status === 422 || status === 400) return status ?? 422;
  reader.problem("status", "422 or 400");
  return 422;
}
