import { closest } from "../core/options/spelling.js";
import { describeValue, isHarmless, isPlainObject, withoutTextsOf } from "../core/options/value.js";
import { lintSchema } from "./json-schema/ajv.js";
import { closeSchema } from "./json-schema/close-schema.js";
import type { UnknownFields } from "./json-schema/json-schema.js";
import { placeOfFault } from "./keywords/fault-place.js";
import { forEachSubschema, type SchemaObject } from "./keywords/references.js";
import { findUnmetRequirement } from "./keywords/unmet-requirement.js";

/** Of JSON Schema 2020-12, and long ones of older drafts. */
const KEYWORDS: readonly string[] =
  `$recursiveRef $recursiveAnchor $dynamicRef $dynamicAnchor $vocabulary additionalItems additionalProperties
  contentEncoding contentMediaType contentSchema definitions dependencies dependentRequired dependentSchemas
  deprecated description discriminator exclusiveMaximum exclusiveMinimum maxContains maxItems maxLength
  maxProperties minContains minItems minLength minProperties multipleOf nullable patternProperties prefixItems
  properties propertyNames readOnly required unevaluatedItems unevaluatedProperties uniqueItems
  writeOnly $schema $ref $id $defs $anchor $comment type enum const maximum minimum pattern format items contains
  allOf anyOf oneOf not if then else title default examples`.split(/\s+/);

/** What is wrong with a schema that does not compile, in the words of ajv, and where. */
export function describeFault(schema: SchemaObject, error: unknown): string {
  const message = error instanceof Error ? error.message : "it does not";
  const said = withoutTextsOf(schema, message, namesIn(schema));
  // What the meta-schema says has its places already.
  if (said.startsWith("schema is invalid: "))
    return `${said.replaceAll(/\bdata(?=[/ ])/g, "#")}${listOfRequired(said)}`;
  const [, written] = /unknown keyword: "([^"]+)"/.exec(message) ?? [];
  // Looked up, because compiling each part takes its time.
  const place = placeOfFault(
    schema,
    message,
    written === undefined ? faultOf : (part) => (hasKeyword(part, written) ? message : undefined),
  );
  const meant = written === undefined ? undefined : closest(written, KEYWORDS);
  return `${said}, at ${place}${meant === undefined ? "" : `: did you mean "${meant}"?`}`;
}

/** What no value can satisfy, because the schema requires a member that it lets nobody send. */
export function unmetRequirement(schema: SchemaObject, unknown: UnknownFields): string | undefined {
  const found = findUnmetRequirement(unknown === "allow" ? schema : closeSchema(schema));
  if (found === undefined) return undefined;
  const name = isHarmless(found.name) ? JSON.stringify(found.name) : describeValue(found.name);
  return `must describe what it requires, at ${found.place}: ${name} stands in required, and not in properties, so nothing would be valid`;
}

function hasKeyword(schema: SchemaObject, keyword: string): boolean {
  let found = false;
  forEachSubschema(schema, "", (part) => {
    found ||= Object.hasOwn(part, keyword);
  });
  return found;
}

function faultOf(schema: SchemaObject): string | undefined {
  try {
    lintSchema(schema);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : undefined;
  }
}

/** Older drafts, and other libraries, have it at the member. */
function listOfRequired(said: string): string {
  return said.includes("/required must be array")
    ? ': the object around it lists what it requires, as in required: ["name"]'
    : "";
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
