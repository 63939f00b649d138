/** A JSON Schema as an object; what its keywords hold is not known yet. */
export type SchemaObject = Readonly<Record<string, unknown>>;

/** Finds the subschema that a reference in `from` names. @throws Error when there is none. */
export type Resolver = (reference: string, from: object) => unknown;

/** Keywords with one subschema, a list of subschemas, and a map of subschemas. */
const SINGLE = [
  "not",
  "if",
  "then",
  "else",
  "items",
  "contains",
  "additionalProperties",
  "propertyNames",
  "unevaluatedItems",
  "unevaluatedProperties",
];
const LIST = ["allOf", "anyOf", "oneOf", "prefixItems"];
const MAP = [
  "properties",
  "patternProperties",
  "dependentSchemas",
  "dependencies",
  "$defs",
  "definitions",
];

/** A base for schemas without `$id`: references need one. */
const NAMELESS = "schema://root/";

/**
 * Prepares the resolution of `$ref` and `$dynamicRef` within one document: fragments that are JSON Pointers or
 * anchors, and `$id`s of subschemas. Nothing is ever fetched.
 */
export function createResolver(root: SchemaObject): Resolver {
  const bases = new Map<object, string>();
  const resources = new Map<string, SchemaObject>([[NAMELESS, root]]);
  const anchors = new Map<string, SchemaObject>();
  forEachSubschema(root, NAMELESS, (schema, base) => {
    bases.set(schema, base);
    if (typeof schema["$id"] === "string") resources.set(base, schema);
    for (const keyword of ["$anchor", "$dynamicAnchor"]) {
      const anchor = schema[keyword];
      if (typeof anchor === "string") anchors.set(`${base}#${anchor}`, schema);
    }
  });

  return (reference, from) => {
    const [uri = "", fragment = ""] = absolute(reference, bases.get(from) ?? NAMELESS).split("#");
    const isPointer = fragment === "" || fragment.startsWith("/");
    const resource = resources.get(uri);
    const target = isPointer ? at(resource, fragment) : anchors.get(`${uri}#${fragment}`);
    if (target === undefined) throw new Error(`can't resolve reference ${reference}`);
    if (isSchemaObject(target) && !bases.has(target)) bases.set(target, uri);
    return target;
  };
}

/** All subschemas below a schema, itself first, with the URI that their references are relative to. */
export function forEachSubschema(
  schema: unknown,
  base: string,
  visit: (schema: SchemaObject, base: string) => void,
): void {
  if (!isSchemaObject(schema)) return;
  const id = schema["$id"];
  const own = typeof id === "string" ? (absolute(id, base).split("#")[0] ?? base) : base;
  visit(schema, own);
  for (const below of subschemasOf(schema)) forEachSubschema(below, own, visit);
}

function subschemasOf(schema: SchemaObject): unknown[] {
  return childrenOf(schema).map(({ below }) => below);
}

/** What stands under the keywords of a schema that hold subschemas, with the name or the number of each. */
export function childrenOf(
  schema: SchemaObject,
): readonly { readonly keyword: string; readonly name?: string; readonly below: unknown }[] {
  const lists = LIST.filter((keyword) => Array.isArray(schema[keyword]));
  const maps = MAP.filter((keyword) => isSchemaObject(schema[keyword]));
  return [
    ...SINGLE.map((keyword) => ({ keyword, below: schema[keyword] })),
    ...[...lists, ...maps].flatMap((keyword) =>
      Object.entries(schema[keyword] as object).map(([name, below]) => ({ keyword, name, below })),
    ),
  ];
}

export function isSchemaObject(value: unknown): value is SchemaObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function absolute(reference: string, base: string): string {
  return URL.canParse(reference, base) ? new URL(reference, base).href : reference;
}

function at(root: unknown, pointer: string): unknown {
  let value = root;
  for (const token of pointer.split("/").slice(1)) {
    const name = decodeURIComponent(token).replaceAll("~1", "/").replaceAll("~0", "~");
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, name))
      return undefined;
    value = (value as Readonly<Record<string, unknown>>)[name];
  }
  return value;
}
