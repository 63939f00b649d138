import { jsonSchemaOf } from "./schema-names.js";

/** Deeper than wrappers and unions that people write. */
const MAX_DEPTH = 32;
/** What zod and valibot call schemas that no object satisfies. */
const NEVER_OBJECTS: ReadonlySet<unknown> = new Set(
  `string number int boolean bigint symbol date array tuple strict_tuple loose_tuple tuple_with_rest enum nativeenum
  picklist literal null undefined void never nan set map file blob template_literal function`.split(
    /\s+/,
  ),
);

type Definition = Readonly<Record<string, unknown>>;

/**
 * Whether a schema of another library can be satisfied by an object, as far as it tells: by its definition, as schemas of
 * zod and valibot do, or by the JSON Schema that it makes (Standard JSON Schema). `true` for one that does not tell. Never
 * throws.
 */
export function takesObjects(schema: object): boolean {
  try {
    const definition = definitionOf(schema);
    return definition === undefined ? jsonTakesObjects(jsonSchemaOf(schema)) : takes(schema, 0);
  } catch {
    return true;
  }
}

function takes(schema: unknown, depth: number): boolean {
  const definition = definitionOf(schema);
  // What is coerced can be made of anything.
  if (definition === undefined || depth > MAX_DEPTH || definition["coerce"] === true) return true;
  const { typeName, type, options } = definition;
  const name = typeof typeName === "string" ? typeName.replace(/^Zod/, "").toLowerCase() : type;
  if (NEVER_OBJECTS.has(name)) return false;
  if (name === "union" && Array.isArray(options)) {
    return options.some((option: unknown) => takes(option, depth + 1));
  }
  const inner = innerOf(name, definition);
  return inner === undefined || takes(inner, depth + 1);
}

/** What a wrapper hands the value to as it is. */
function innerOf(name: unknown, definition: Definition): unknown {
  const { innerType, wrapped, schema, effect, in: first } = definition;
  switch (name) {
    case "optional":
    case "nullable":
    case "nullish":
    case "readonly":
    case "default":
      return innerType ?? wrapped;
    case "pipe":
    case "pipeline":
      return first;
    // In zod 3, of these only one that comes first changes the value.
    case "effects":
      return (effect as { type?: unknown } | undefined)?.type === "preprocess" ? undefined : schema;
    default:
      return undefined;
  }
}

/** zod keeps the definition of a schema in a member of its own; that of valibot is the schema itself. */
function definitionOf(schema: unknown): Definition | undefined {
  const { _zod: zod4, _def: zod3, kind } = Object(schema) as Definition;
  const definition = (zod4 as { def?: unknown } | undefined)?.def ?? zod3;
  if (typeof definition === "object" && definition !== null) return definition as Definition;
  return kind === "schema" ? (schema as Definition) : undefined;
}

function jsonTakesObjects(schema: unknown): boolean {
  const { type, anyOf } = Object(schema) as Definition;
  if (type !== undefined) return [type].flat().includes("object");
  return !Array.isArray(anyOf) || anyOf.some(jsonTakesObjects);
}
