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
    repairContains(schema);
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

/**
 * Without an upper limit, ajv takes over for an empty list what it found about `contains` in the list before; with one it
 * counts. Beside `prefixItems`, it does not look at `contains` when the list is empty.
 */
function repairContains(schema: SchemaObject): void {
  if (!Object.hasOwn(schema, "contains")) return;
  const { contains, minContains = 1, maxContains = Number.MAX_SAFE_INTEGER } = schema;
  const counted = { contains, minContains, maxContains };
  if (!Object.hasOwn(schema, "prefixItems")) {
    Object.assign(schema, counted);
    return;
  }
  for (const keyword of Object.keys(counted)) Reflect.deleteProperty(schema, keyword);
  Object.assign(schema, { allOf: [...allOf(schema), counted] });
}

function allOf(schema: SchemaObject): readonly unknown[] {
  return Array.isArray(schema["allOf"]) ? schema["allOf"] : [];
}
