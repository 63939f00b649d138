import { forEachSubschema, type SchemaObject } from "../keywords/references.js";

/**
 * Rewrites, in place, what ajv 8 decides wrongly. What it rewrites means the same.
 *
 * @throws Error for `$dynamicRef` in a document that has `$id`s below its root as well: then the way by which a schema
 * was reached counts.
 */
export function repairForAjv(root: object): void {
  let dynamic = false;
  let identified = false;
  forEachSubschema(root, "", (schema) => {
    identified ||= schema !== root && typeof schema["$id"] === "string";
    dynamic = replaceDynamicReference(schema) || dynamic;
    separateContains(schema);
  });
  if (dynamic && identified)
    throw new Error("$dynamicRef is not supported beside $id in subschemas");
}

/**
 * In one document without further `$id`s, `$dynamicRef` leads where `$ref` does. ajv takes one whose anchor is not in
 * the root for one to its own schema, for ever.
 */
function replaceDynamicReference(schema: SchemaObject): boolean {
  const { $dynamicRef: reference, $ref: fixed } = schema;
  if (typeof reference !== "string") return false;
  const moved = { $ref: reference };
  Object.assign(schema, fixed === undefined ? moved : { allOf: [...allOf(schema), moved] });
  return Reflect.deleteProperty(schema, "$dynamicRef");
}

/** Beside `prefixItems`, ajv does not look at `contains` when the list is empty. */
function separateContains(schema: SchemaObject): void {
  if (!Object.hasOwn(schema, "prefixItems") || !Object.hasOwn(schema, "contains")) return;
  const moved: Record<string, unknown> = {};
  for (const keyword of ["contains", "minContains", "maxContains"]) {
    if (Object.hasOwn(schema, keyword)) moved[keyword] = schema[keyword];
    Reflect.deleteProperty(schema, keyword);
  }
  Object.assign(schema, { allOf: [...allOf(schema), moved] });
}

function allOf(schema: SchemaObject): readonly unknown[] {
  return Array.isArray(schema["allOf"]) ? schema["allOf"] : [];
}
