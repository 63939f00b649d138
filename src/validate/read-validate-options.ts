import { readGuardOptions } from "../core/guard/guard-options.js";
import { isMediaTypePattern } from "../core/http/media-type.js";
import type { OptionKey } from "../core/options/option-types.js";
import { OptionsError } from "../core/options/options-error.js";
import { type OptionsReader, readOptions } from "../core/options/options-reader.js";
import { isHarmless, isPlainObject, withoutTextsOf } from "../core/options/value.js";
import type { OnDenied } from "../core/refusal/deny.js";
import {
  readLimits,
  STRUCTURE_LIMITS,
  type StructureLimits,
} from "../core/structure/check-structure.js";
import { mayRead, type RunnableChain } from "./chains/chains.js";
import type { Part } from "./issues/field-error.js";
import { createCompiledFunctionCheck } from "./json-schema/compiled-function.js";
import {
  createJsonSchemaCheck,
  isJsonSchema,
  type UnknownFields,
} from "./json-schema/json-schema.js";
import { createCoercion } from "./parts/coerce.js";
import type { PartPlan, RequestSettings } from "./parts/validate-parts.js";
import { findSlowPatterns } from "./patterns/find-slow-patterns.js";
import { createStandardSchemaCheck, isStandardSchema } from "./standard-schema/standard-schema.js";
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
  /** Whether no function of the app makes values. */
  readonly trees: boolean;
  readonly onDenied: OnDenied;
}

const PARTS: readonly Part[] = ["body", "query", "params", "headers", "cookies"];
const UNKNOWN: readonly UnknownFields[] = ["reject", "strip", "allow"];

/** Patterns that the app accepts, and whether a schema has them. */
type AllowedPatterns = Map<string, boolean>;

type ValidateReader = OptionsReader<OptionKey<ValidateOptions | ValidateChainsOptions>>;

/** Long ones of JSON Schema 2020-12, and of older drafts. */
const KEYWORDS: readonly string[] =
  `$recursiveRef $recursiveAnchor $dynamicRef $dynamicAnchor $vocabulary additionalItems additionalProperties
  contentEncoding contentMediaType contentSchema definitions dependencies dependentRequired dependentSchemas
  deprecated description discriminator exclusiveMaximum exclusiveMinimum maxContains maxItems maxLength
  maxProperties minContains minItems minLength minProperties multipleOf nullable patternProperties prefixItems
  properties propertyNames readOnly required unevaluatedItems unevaluatedProperties uniqueItems
  writeOnly`.split(/\s+/);

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
      : PARTS.flatMap((part) => readPart(reader, part, unknown, maxErrors + 1, allowed));
  noteUnusedPatterns(reader, allowed);
  const readsBody = reader.has("body") || chains.some((chain) => mayRead(chain, "body"));
  const settings: ValidateSettings = {
    parts,
    chains,
    unknown,
    trees: chains.length === 0 && parts.every((plan) => plan.trees),
    readsBody,
    contentTypes: readContentTypes(reader, readsBody),
    defaultTypes: !reader.has("contentTypes"),
    limits: readLimits(
      reader.object<StructureLimits>("limits", STRUCTURE_LIMITS),
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
  if (isStandardSchema(value)) return true;
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

function isRunnable(value: unknown): value is RunnableChain {
  return typeof (value as { run?: unknown } | null | undefined)?.run === "function";
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

function readPart(
  reader: ValidateReader,
  part: Part,
  unknown: UnknownFields,
  maxIssues: number,
  allowed: AllowedPatterns,
): readonly PartPlan[] {
  const schema = reader.raw(part);
  if (schema === undefined) return [];
  const exact = part === "body" || part === "query";
  if (isStandardSchema(schema)) {
    const check = createStandardSchemaCheck(schema, exact && unknown === "reject");
    return [{ part, check, coerce: undefined, takesUndefined: true, trees: false }];
  }
  if (isRunnable(schema)) {
    reader.note(
      part,
      "must not be a chain of express-validator: write validate({ chains: […], unknown })",
    );
    return [];
  }
  if (typeof schema === "function") {
    const check = createCompiledFunctionCheck(schema as (value: unknown) => value is unknown);
    return [{ part, check, coerce: undefined, takesUndefined: false, trees: false }];
  }
  if (!isJsonSchema(schema)) {
    reader.problem(
      part,
      "a JSON Schema with a keyword such as type, a Standard Schema, or a compiled function",
    );
    return [];
  }
  return readJsonSchema(reader, part, schema, exact ? unknown : "allow", maxIssues, allowed);
}

function readJsonSchema(
  reader: ValidateReader,
  part: Part,
  schema: Readonly<Record<string, unknown>>,
  unknown: UnknownFields,
  maxIssues: number,
  allowed: AllowedPatterns,
): readonly PartPlan[] {
  const { properties = {}, required = [] } = schema;
  if (part !== "body" && (schema["type"] !== "object" || typeof properties !== "object")) {
    reader.note(
      part,
      'must have type "object" and its properties at the root, by which values are coerced',
    );
    return [];
  }
  const names = [...Object.keys(properties ?? {}), ...[required].flat().map(String)];
  const upper = part === "headers" ? names.find((name) => name !== name.toLowerCase()) : undefined;
  if (upper !== undefined) {
    const lower = upper.toLowerCase();
    const shown = lower.split("-").every(isHarmless) ? `: write "${lower}"` : "";
    reader.note(part, `must name header fields in lower case${shown}`);
    return [];
  }
  try {
    for (const { source, problem } of findSlowPatterns(schema)) {
      if (allowed.has(source)) allowed.set(source, true);
      else
        reader.note(part, `must not have the pattern ${JSON.stringify(source)}, which ${problem}`);
    }
    const check = createJsonSchemaCheck(schema, unknown, { maxIssues });
    const onlyNamed = part !== "query";
    const coerce = part === "body" ? undefined : createCoercion(schema, onlyNamed);
    return [{ part, check, coerce, takesUndefined: false, trees: true }];
  } catch (error) {
    const words = error instanceof Error ? error.message : "it does not";
    reader.note(
      part,
      `must be a JSON Schema that compiles: ${withoutTextsOf(schema, words, namesIn(schema))}`,
    );
    return [];
  }
}

/** The names of properties and definitions, which clients see anyway, and the keywords: ajv's words may hold them. */
function namesIn(schema: unknown, names = new Set(KEYWORDS), seen = new Set()): Set<string> {
  if (typeof schema !== "object" || schema === null || seen.has(schema)) return names;
  seen.add(schema);
  for (const [keyword, value] of Object.entries(schema)) {
    if (/^(?:properties|\$defs|definitions)$/.test(keyword) && isPlainObject(value))
      for (const name of Object.keys(value)) names.add(name);
    namesIn(value, names, seen);
  }
  return names;
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
