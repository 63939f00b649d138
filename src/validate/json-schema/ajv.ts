import type {
  Ajv2020 as Ajv,
  AnySchemaObject,
  KeywordDefinition,
  ValidateFunction,
} from "ajv/dist/2020.js";
import { assertionsOf } from "../keywords/assertions.js";
import { areDistinct, compileConstants } from "../keywords/equality.js";
import { compileFormat, compilePattern } from "../keywords/keyword-functions.js";
import { compileMultipleOf } from "../keywords/multiple-of.js";
import { forEachSubschema, isSchemaObject, type SchemaObject } from "../keywords/references.js";
import { separateDependencies } from "./ajv-repairs.js";
import { createMetaSchemaTest } from "./meta-schema.js";

/** A compiled schema, as ajv makes it. */
export type CompiledSchema = ValidateFunction;

/** Says in ajv's words what is wrong with a schema. Compiled once in a process, for the first one that is. */
let metaSchema: Ajv | undefined;

/** Prepared once in a process: nothing of the schemas that it is asked about stays in it. */
let followsMetaSchema: ((schema: object) => boolean) | undefined;

/** Patterns of member names that ajv compiles for its strict mode. */
const LINTED_PATTERNS = 32;

/**
 * Compiles a JSON Schema 2020-12 into a function that stops at the first error.
 *
 * @param tracks - Whether `unevaluatedProperties` or `unevaluatedItems` stand in it: then every alternative is evaluated.
 * @throws Error when the schema is wrong, in ajv's words.
 */
export function compileSchema(schema: object, tracks: boolean): CompiledSchema {
  // The copy with closed objects has keywords beside a $ref, where the type is not in sight.
  const ajv = createInstance(false);
  ajv.opts.unevaluated = tracks;
  return ajv.compile(schema);
}

/**
 * Holds a schema, as the app wrote it, against the meta-schema and ajv's strict mode.
 *
 * @throws Error when the schema is wrong, in ajv's words.
 */
export function lintSchema(schema: object): void {
  if ((schema as { $async?: unknown }).$async === true) throw new Error("$async is not supported");
  if (!isByMetaSchema(schema)) {
    metaSchema ??= new (loadAjv().Ajv2020)({ logger: false });
    metaSchema.validateSchema(schema, true);
  }
  const copy = structuredClone(schema);
  separateDependencies(copy);
  forEachSubschema(copy, "", spreadPatterns);
  createInstance(true).compile(copy);
}

/** Whether an object is a JSON Schema 2020-12, by its meta-schema. */
export function isByMetaSchema(schema: object): boolean {
  followsMetaSchema ??= createMetaSchemaTest(loadVocabularies());
  return followsMetaSchema(schema);
}

/** Compiling hundreds of patterns takes seconds, and nothing about them is strict but what stands below them. */
function spreadPatterns(schema: SchemaObject): void {
  const { patternProperties, allOf = [] } = schema;
  if (!isSchemaObject(patternProperties) || !Array.isArray(allOf)) return;
  const entries = Object.entries(patternProperties);
  if (entries.length <= LINTED_PATTERNS) return;
  const properties = Object.fromEntries(entries.slice(LINTED_PATTERNS));
  Object.assign(schema, {
    patternProperties: Object.fromEntries(entries.slice(0, LINTED_PATTERNS)),
    allOf: [...allOf, { type: "object", properties }],
  });
}

/** Loading ajv takes some 50 ms and 90 files: only apps that have a JSON Schema pay for it. */
function loadAjv(): typeof import("ajv/dist/2020.js") {
  return require("ajv/dist/2020.js");
}

/** The parts of the meta-schema, which ajv brings (JSON Schema 2020-12 §8.1.2). Each is named, for bundlers. */
function loadVocabularies(): readonly SchemaObject[] {
  return [
    require("ajv/dist/refs/json-schema-2020-12/schema.json"),
    require("ajv/dist/refs/json-schema-2020-12/meta/core.json"),
    require("ajv/dist/refs/json-schema-2020-12/meta/applicator.json"),
    require("ajv/dist/refs/json-schema-2020-12/meta/unevaluated.json"),
    require("ajv/dist/refs/json-schema-2020-12/meta/validation.json"),
    require("ajv/dist/refs/json-schema-2020-12/meta/meta-data.json"),
    require("ajv/dist/refs/json-schema-2020-12/meta/format-annotation.json"),
    require("ajv/dist/refs/json-schema-2020-12/meta/content.json"),
  ];
}

/** One instance for each schema: in a common one, the `$id`s of an app's schemas would get into each other's way. */
function createInstance(lints: boolean): Ajv {
  const { Ajv2020, _ } = loadAjv();
  const ajv = new Ajv2020({
    strict: true,
    strictTypes: lints,
    // Members that allOf requires in one place and describes in another are no mistake.
    strictRequired: false,
    allowUnionTypes: true,
    // Without it, `required: ["toString"]` is met by every object.
    ownProperties: true,
    useDefaults: true,
    meta: false,
    validateSchema: false,
    messages: false,
    logger: false,
    // What only serves the strict mode never runs: nested and optimized code takes ajv quadratic time.
    ...(lints ? { allErrors: true, code: { optimize: false } } : {}),
  });
  for (const keyword of replacedKeywords(_)) {
    ajv.removeKeyword(String(keyword.keyword));
    ajv.addKeyword(keyword);
  }
  // ajv follows anchors, and its strict mode does not know the keyword.
  ajv.addKeyword({ keyword: "$anchor", schemaType: "string" });
  return ajv;
}

function replacedKeywords(code: typeof import("ajv/dist/2020.js")._): KeywordDefinition[] {
  return [
    { keyword: "pattern", type: "string", schemaType: "string", compile: patternOf },
    {
      keyword: "format",
      type: "string",
      schemaType: "string",
      compile: compileFormat,
      error: { message: "", params: ({ schemaCode }) => code`{format: ${schemaCode}}` },
    },
    {
      keyword: "uniqueItems",
      type: "array",
      schemaType: "boolean",
      compile: (unique: boolean) => (items: readonly unknown[]) => !unique || areDistinct(items),
    },
    {
      keyword: "enum",
      schemaType: "array",
      // ajv compares a value with each of more than 200.
      compile: (values: readonly unknown[]) => compileConstants(values).has,
    },
    {
      keyword: "dependentRequired",
      type: "object",
      schemaType: "object",
      // ajv looks for each pair of names.
      compile: (dependentRequired: object) => {
        const [requirement] = assertionsOf({ dependentRequired });
        return (object: object) => requirement?.fault(object) === undefined;
      },
    },
    { keyword: "multipleOf", type: "number", schemaType: "number", compile: compileMultipleOf },
  ];
}

function patternOf(source: string, { maxLength }: AnySchemaObject): (text: string) => boolean {
  return compilePattern(source, maxLength);
}
