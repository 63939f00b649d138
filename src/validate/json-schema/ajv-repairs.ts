import { forEachSubschema, isSchemaObject, type SchemaObject } from "../keywords/references.js";

/**
 * Rewrites, in place, what ajv 8 decides wrongly. What it rewrites means the same.
 *
 * @throws Error for `$dynamicRef` in a document that has `$id`s below its root as well: then the way by which a schema
 * was reached counts.
 */
export function repairForAjv(root: object): void {
  separateDependencies(root);
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
 * Writes `dependencies`, of older drafts, as the two keywords that came of it, in place: for the lists in it, ajv makes code
 * that looks for each pair of names.
 */
export function separateDependencies(root: object): void {
  forEachSubschema(root, "", (schema) => {
    const { dependencies, dependentRequired, dependentSchemas } = schema;
    if (!isSchemaObject(dependencies)) return;
    const entries = Object.entries(dependencies);
    const lists = Object.fromEntries(entries.filter(([, below]) => Array.isArray(below)));
    const schemas = Object.fromEntries(entries.filter(([, below]) => !Array.isArray(below)));
    // The same name in both would need both: that one stays where it is.
    if (overlaps(lists, dependentRequired) || overlaps(schemas, dependentSchemas)) return;
    Reflect.deleteProperty(schema, "dependencies");
    Object.assign(schema, {
      dependentRequired: Object.assign(lists, dependentRequired),
      dependentSchemas: Object.assign(schemas, dependentSchemas),
    });
  });
}

function overlaps(map: object, other: unknown): boolean {
  return isSchemaObject(other) && Object.keys(map).some((name) => Object.hasOwn(other, name));
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
