import type { Part } from "./issues/field-error.js";
import { isJsonSchema } from "./json-schema/json-schema.js";
import { isStandardSchema } from "./standard-schema/standard-schema.js";
import type { PartSchema } from "./validator.js";

/** The schemas as JSON Schemas, for the documents about routes: `true` for one that cannot be shown as one. */
export type SchemaDescription = () => Readonly<Partial<Record<Part, unknown>>>;

/**
 * Notes the schemas of the parts. Those of JSON are copied at once, because the app's objects are not read again; other
 * libraries are asked for theirs when somebody wants to know.
 */
export function describeSchemas(
  schemas: readonly (readonly [part: Part, schema: unknown])[],
): SchemaDescription {
  const shown = schemas.map(([part, schema]) => [part, describeSchema(schema)] as const);
  return () => Object.fromEntries(shown.map(([part, show]) => [part, show()]));
}

function describeSchema(schema: unknown): () => unknown {
  if (isStandardSchema(schema)) return () => fromLibrary(schema);
  // What ajv compiles says what it was compiled from.
  const json = typeof schema === "function" ? (schema as { schema?: unknown }).schema : schema;
  const text = isJsonSchema(json) ? textOf(json) : undefined;
  return () => (text === undefined ? true : JSON.parse(text));
}

/** JSON has no circles, but objects of the app may have some. */
function textOf(schema: object): string | undefined {
  try {
    return JSON.stringify(schema);
  } catch {
    return undefined;
  }
}

/** @see https://standardschema.dev/json-schema */
function fromLibrary(schema: PartSchema): unknown {
  const standard = (schema as { "~standard": { jsonSchema?: { input?: unknown } } })["~standard"];
  const input = standard.jsonSchema?.input;
  if (typeof input !== "function") return true;
  try {
    return input.call(standard.jsonSchema, { target: "draft-2020-12" });
  } catch {
    return true;
  }
}
