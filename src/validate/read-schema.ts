import type { OptionKey } from "../core/options/option-types.js";
import type { OptionsReader } from "../core/options/options-reader.js";
import { isHarmless, isPlainObject } from "../core/options/value.js";
import type { RunnableChain } from "./chains/chains.js";
import type { Part } from "./issues/field-error.js";
import {
  createJoiCheck,
  describeJoi,
  isJoiSchema,
  type JoiSchema,
  problemOfJoi,
} from "./joi/joi.js";
import { createCompiledFunctionCheck } from "./json-schema/compiled-function.js";
import {
  createJsonSchemaCheck,
  isJsonSchema,
  type UnknownFields,
} from "./json-schema/json-schema.js";
import { createCoercion } from "./parts/coerce.js";
import type { PartPlan } from "./parts/validate-parts.js";
import { findSlowPatterns } from "./patterns/find-slow-patterns.js";
import { describeFault, unmetRequirement } from "./schema-fault.js";
import { takesObjects } from "./standard-schema/object-inputs.js";
import { createStandardSchemaCheck, isStandardSchema } from "./standard-schema/standard-schema.js";
import type { ValidateChainsOptions, ValidateOptions } from "./validate-options.js";

/** Patterns that the app accepts, and whether a schema has them. */
export type AllowedPatterns = Map<string, boolean>;

export type ValidateReader = OptionsReader<OptionKey<ValidateOptions | ValidateChainsOptions>>;

/** Reads the schema of one part; what is wrong is noted with the reader. Empty for a part without a usable schema. */
export function readSchema(
  reader: ValidateReader,
  part: Part,
  unknown: UnknownFields,
  maxIssues: number,
  allowed: AllowedPatterns,
): readonly PartPlan[] {
  const schema = reader.raw(part);
  if (schema === undefined) return [];
  const exact = part === "body" || part === "query";
  // Before Standard Schema, which joi 18 has as well: it does not tell what kind of error there is.
  if (isJoiSchema(schema)) return readJoi(reader, part, schema, exact ? unknown : "strip");
  if (isStandardSchema(schema)) {
    if (part !== "body" && !takesObjects(schema)) {
      reader.note(part, notOfObjects(part, "an object schema"));
      return [];
    }
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
  if (isPlainObject(schema) && Object.values(schema).some(isJoiSchema)) {
    reader.note(part, "must be one schema, got an object of joi schemas: write Joi.object({ … })");
    return [];
  }
  if (typeof schema === "function") {
    const check = createCompiledFunctionCheck(schema as (value: unknown) => value is unknown);
    return [{ part, check, coerce: undefined, takesUndefined: false, trees: false }];
  }
  if (!isJsonSchema(schema)) {
    reader.problem(
      part,
      "a JSON Schema with a keyword such as type, a Standard Schema, a joi schema, or a compiled function",
    );
    return [];
  }
  return readJsonSchema(reader, part, schema, exact ? unknown : "allow", maxIssues, allowed);
}

function readJoi(
  reader: ValidateReader,
  part: Part,
  schema: JoiSchema,
  unknown: UnknownFields,
): readonly PartPlan[] {
  const problem = problemOfJoi(schema);
  if (problem !== undefined) {
    reader.note(part, problem);
    return [];
  }
  const description = describeJoi(schema);
  if (description === undefined) {
    reader.note(part, "must be a joi schema whose describe() does not throw");
    return [];
  }
  if (part !== "body" && !description.takesObjects) {
    reader.note(part, notOfObjects(part, "Joi.object({ … })"));
    return [];
  }
  noteUpperCase(reader, part, description.ownNames);
  const check = createJoiCheck(schema, description, unknown);
  const { takesUndefined } = description;
  return [{ part, check, coerce: undefined, takesUndefined, trees: false }];
}

/** A body may be anything; the other parts are objects of names and texts. */
function notOfObjects(part: Part, write: string): string {
  return `must be a schema that an object can satisfy, because ${part} always are one: it would refuse every request. Write ${write}`;
}

/** Node makes the names of header fields lower case. */
function noteUpperCase(reader: ValidateReader, part: Part, names: readonly string[]): boolean {
  const upper = part === "headers" ? names.find((name) => name !== name.toLowerCase()) : undefined;
  if (upper === undefined) return false;
  const lower = upper.toLowerCase();
  const shown = lower.split("-").every(isHarmless) ? `: write "${lower}"` : "";
  reader.note(part, `must name header fields in lower case${shown}`);
  return true;
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
  if (noteUpperCase(reader, part, names)) return [];
  try {
    for (const { source, problem } of findSlowPatterns(schema)) {
      if (allowed.has(source)) allowed.set(source, true);
      else
        reader.note(part, `must not have the pattern ${JSON.stringify(source)}, which ${problem}`);
    }
    const check = createJsonSchemaCheck(schema, unknown, { maxIssues });
    const unmet = unmetRequirement(schema, unknown);
    if (unmet !== undefined) reader.note(part, unmet);
    const onlyNamed = part !== "query";
    const coerce = part === "body" ? undefined : createCoercion(schema, onlyNamed);
    return [{ part, check, coerce, takesUndefined: false, trees: true }];
  } catch (error) {
    reader.note(part, `must be a JSON Schema that compiles: ${describeFault(schema, error)}`);
    return [];
  }
}

/** Whether the value is a chain of express-validator. */
export function isRunnable(value: unknown): value is RunnableChain {
  return typeof (value as { run?: unknown } | null | undefined)?.run === "function";
}
