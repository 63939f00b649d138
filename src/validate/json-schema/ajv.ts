import type {
  Ajv2020 as Ajv,
  AnySchemaObject,
  KeywordDefinition,
  ValidateFunction,
} from "ajv/dist/2020.js";
import { areDistinct, compileFormat, compilePattern } from "../keywords/keyword-functions.js";
import { compileMultipleOf } from "../keywords/multiple-of.js";
import { forEachSubschema } from "../keywords/references.js";
import { charactersWork } from "../keywords/size.js";

/** A compiled schema, as ajv makes it. */
export type CompiledSchema = ValidateFunction;

/**
 * Compiles the meta-schema, once in a process: that takes longer than most schemas of an app, each validator would do
 * it again, and nothing of the schemas it is asked about stays in it.
 */
let metaSchema: Ajv | undefined;

/** How a schema is compiled. */
interface Compilation {
  /** Whether `unevaluatedProperties` or `unevaluatedItems` stand in it: then every alternative is evaluated. */
  readonly tracks: boolean;
  /** Is told of each evaluated subschema, and stops the evaluation by throwing. */
  readonly spend: ((amount: number) => void) | undefined;
}

/** A keyword of ours, in every subschema of a schema that is counted. */
const WORK_KEYWORD = "$work";

/**
 * Compiles a JSON Schema 2020-12 into a function that stops at the first error.
 *
 * @throws Error when the schema is wrong, in ajv's words.
 */
export function compileSchema(schema: object, { tracks, spend }: Compilation): CompiledSchema {
  // The copy with closed objects has keywords beside a $ref, where the type is not in sight.
  const ajv = createInstance(false);
  ajv.opts.unevaluated = tracks;
  if (spend === undefined) return ajv.compile(schema);
  ajv.addKeyword({
    keyword: WORK_KEYWORD,
    schemaType: "boolean",
    // In front of what leads to other subschemas: behind them, it would be skipped when they fail.
    before: "$ref",
    errors: false,
    compile: () => (value: unknown) => {
      spend(typeof value === "string" ? 1 + charactersWork(value.length) : 1);
      return true;
    },
  });
  const copy = structuredClone(schema);
  forEachSubschema(copy, "", (below) => {
    if (Object.keys(below).length > 0) Object.assign(below, { [WORK_KEYWORD]: true });
  });
  return ajv.compile(copy);
}

/**
 * Holds a schema, as the app wrote it, against the meta-schema and ajv's strict mode.
 *
 * @throws Error when the schema is wrong, in ajv's words.
 */
export function lintSchema(schema: object): void {
  if ((schema as { $async?: unknown }).$async === true) throw new Error("$async is not supported");
  metaSchema ??= new (loadAjv().Ajv2020)({ logger: false });
  metaSchema.validateSchema(schema, true);
  createInstance(true).compile(schema);
}

/** Loading ajv takes some 50 ms and 90 files: only apps that have a JSON Schema pay for it. */
function loadAjv(): typeof import("ajv/dist/2020.js") {
  return require("ajv/dist/2020.js");
}

/** One instance for each schema: in a common one, the `$id`s of an app's schemas would get into each other's way. */
function createInstance(strictTypes: boolean): Ajv {
  const { Ajv2020, _ } = loadAjv();
  const ajv = new Ajv2020({
    strict: true,
    strictTypes,
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
    { keyword: "multipleOf", type: "number", schemaType: "number", compile: compileMultipleOf },
  ];
}

function patternOf(source: string, { maxLength }: AnySchemaObject): (text: string) => boolean {
  return compilePattern(source, maxLength);
}
