/** A JSON Schema as an object; what its keywords hold is not known yet. */
type SchemaObject = Readonly<Record<string, unknown>>;

/** Keywords whose subschemas look at the same value: closing one of them would shut out what the others allow. */
const IN_PLACE = ["allOf", "anyOf", "oneOf", "if", "then", "else", "dependentSchemas"];
const REFERENCES = ["$ref", "$dynamicRef"];

/** Subschemas that look at a child of the value: each is closed on its own. */
const CHILD = ["items", "additionalProperties", "unevaluatedItems", "unevaluatedProperties"];
const CHILD_LIST = ["prefixItems"];
const CHILD_MAP = ["properties", "patternProperties"];

/** In `not`, `if`, `contains` and `propertyNames`, a stricter schema would refuse less or mean something else. */
const IN_PLACE_LIST = ["allOf", "anyOf", "oneOf"];
const IN_PLACE_SINGLE = ["then", "else"];
const IN_PLACE_MAP = ["dependentSchemas", "$defs", "definitions"];

const OBJECT_KEYWORDS = [
  "properties",
  "patternProperties",
  "required",
  "minProperties",
  "maxProperties",
];

/**
 * A copy of the schema in which objects have no members but those that the schema names, unless
 * `additionalProperties` or `unevaluatedProperties` says otherwise.
 *
 * A schema made of several (`allOf`, `$ref`, …) is closed as a whole, with `unevaluatedProperties`, where it is used:
 * its pieces, and those in `$defs`, stay open, so that they can still be put together.
 */
export function closeSchema(schema: unknown): unknown {
  if (!isSchemaObject(schema)) return schema;
  const copy = closeInner(schema);
  if (
    Object.hasOwn(schema, "additionalProperties") ||
    Object.hasOwn(schema, "unevaluatedProperties")
  ) {
    return copy;
  }
  if (has(schema, [...IN_PLACE, ...REFERENCES])) {
    return mayBeObject(schema) ? { ...copy, unevaluatedProperties: false } : copy;
  }
  return describesObject(schema) ? { ...copy, additionalProperties: false } : copy;
}

/** Closes what lies below, but not the schema itself. */
function closeBelow(schema: unknown): unknown {
  return isSchemaObject(schema) ? closeInner(schema) : schema;
}

function closeInner(schema: SchemaObject): SchemaObject {
  const copy: Record<string, unknown> = {};
  for (const [keyword, value] of Object.entries(schema))
    copy[keyword] = closeKeyword(keyword, value);
  return copy;
}

function closeKeyword(keyword: string, value: unknown): unknown {
  if (CHILD.includes(keyword)) return closeSchema(value);
  if (CHILD_LIST.includes(keyword)) return mapList(value, closeSchema);
  if (CHILD_MAP.includes(keyword)) return mapMembers(value, closeSchema);
  if (IN_PLACE_SINGLE.includes(keyword)) return closeBelow(value);
  if (IN_PLACE_LIST.includes(keyword)) return mapList(value, closeBelow);
  if (IN_PLACE_MAP.includes(keyword)) return mapMembers(value, closeBelow);
  return value;
}

function mapList(value: unknown, map: (schema: unknown) => unknown): unknown {
  return Array.isArray(value) ? value.map(map) : value;
}

function mapMembers(value: unknown, map: (schema: unknown) => unknown): unknown {
  if (!isSchemaObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, schema]) => [name, map(schema)]));
}

function mayBeObject(schema: SchemaObject): boolean {
  return schema["type"] === undefined || [schema["type"]].flat().includes("object");
}

function describesObject(schema: SchemaObject): boolean {
  return schema["type"] === undefined ? has(schema, OBJECT_KEYWORDS) : mayBeObject(schema);
}

function has(schema: SchemaObject, keywords: readonly string[]): boolean {
  return keywords.some((keyword) => Object.hasOwn(schema, keyword));
}

function isSchemaObject(value: unknown): value is SchemaObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
