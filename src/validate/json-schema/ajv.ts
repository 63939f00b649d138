import type {
  Ajv2020 as Ajv,
  AnySchemaObject,
  KeywordDefinition,
  ValidateFunction,
} from "ajv/dist/2020.js";
import { FORMATS } from "./formats.js";

/** A compiled schema, as ajv makes it. */
export type CompiledSchema = ValidateFunction;

/**
 * Compiles the meta-schema, once in a process: that takes longer than most schemas of an app, each validator would do
 * it again, and nothing of the schemas it is asked about stays in it.
 */
let metaSchema: Ajv | undefined;

/**
 * Compiles a JSON Schema 2020-12: `first` stops at the first error, `all` collects them.
 *
 * @throws Error when the schema is wrong, in ajv's words.
 */
export function compileSchema(schema: object, errors: "first" | "all"): CompiledSchema {
  // The copy with closed objects has keywords beside a $ref, where the type is not in sight.
  return createInstance(errors === "all", false).compile(schema);
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
  createInstance(false, true).compile(schema);
}

/** Loading ajv takes some 50 ms and 90 files: only apps that have a JSON Schema pay for it. */
function loadAjv(): typeof import("ajv/dist/2020.js") {
  return require("ajv/dist/2020.js");
}

/** One instance for each schema: in a common one, the `$id`s of an app's schemas would get into each other's way. */
function createInstance(allErrors: boolean, strictTypes: boolean): Ajv {
  const { Ajv2020, _ } = loadAjv();
  const ajv = new Ajv2020({
    strict: true,
    strictTypes,
    // Members that allOf requires in one place and describes in another are no mistake.
    strictRequired: false,
    allowUnionTypes: true,
    allErrors,
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
  return ajv;
}

function replacedKeywords(code: typeof import("ajv/dist/2020.js")._): KeywordDefinition[] {
  return [
    { keyword: "pattern", type: "string", schemaType: "string", compile: compilePattern },
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
  ];
}

/** ajv would try the pattern on a string that `maxLength` refuses anyway, which can take quadratic time and more. */
function compilePattern(source: string, { maxLength }: AnySchemaObject) {
  const pattern = new RegExp(source, "u");
  // maxLength counts code points (JSON Schema 2020-12 §6.3.1), of which each has at most two code units.
  const max = typeof maxLength === "number" ? maxLength * 2 : Number.POSITIVE_INFINITY;
  return (text: string): boolean => text.length > max || pattern.test(text);
}

function compileFormat(name: string): (text: string) => boolean {
  const check = Object.hasOwn(FORMATS, name) ? FORMATS[name] : undefined;
  if (check === undefined) {
    throw new Error(`unknown format: known formats are ${Object.keys(FORMATS).join(", ")}`);
  }
  return check;
}

/** In linear time; ajv compares each object with each other. */
function areDistinct(items: readonly unknown[]): boolean {
  return new Set(items.map(canonical)).size === items.length;
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "undefined";
  const members = Object.entries(value).map(
    ([k, member]) => `${JSON.stringify(k)}:${canonical(member)}`,
  );
  return `{${members.sort().join()}}`;
}
