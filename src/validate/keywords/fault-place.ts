import { childrenOf, isSchemaObject, type SchemaObject } from "./references.js";

/** Each attempt compiles a part of the schema: so many take a second or two, at a start-up that fails anyway. */
const MAX_ATTEMPTS = 200;

/** Keywords whose names clients see anyway; the others hold patterns. */
const NAMED = ["properties", "$defs", "definitions"];

/**
 * Where the fault of a schema stands: a JSON Pointer to the deepest subschema that has the same one by itself.
 *
 * @param faultOf - What is wrong with a schema, in words; `undefined` for nothing.
 */
export function placeOfFault(
  schema: SchemaObject,
  fault: string,
  faultOf: (schema: SchemaObject) => string | undefined,
): string {
  let attempts = 0;
  function within(outer: SchemaObject, pointer: string): string {
    for (const { keyword, name, below } of childrenOf(outer)) {
      if (!isSchemaObject(below) || ++attempts > MAX_ATTEMPTS || faultOf(below) !== fault) continue;
      return within(below, `${pointer}/${keyword}${tokenOf(keyword, name, outer)}`);
    }
    return pointer;
  }
  return within(schema, "#");
}

function tokenOf(keyword: string, name: string | undefined, outer: SchemaObject): string {
  if (name === undefined) return "";
  if (!NAMED.includes(keyword) && !Array.isArray(outer[keyword])) return "/*";
  return `/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`;
}
