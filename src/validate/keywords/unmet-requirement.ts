import { isSchemaObject, type SchemaObject } from "./references.js";

/** A member that an object must have and must not have. */
interface UnmetRequirement {
  readonly name: string;
  /** JSON Pointer to the schema of the object. */
  readonly place: string;
}

/** Keywords whose subschemas are of a child of the value. Those of the value itself may be meant to fail. */
const CHILD_MAPS = ["properties", "patternProperties"];
const CHILDREN = ["items", "additionalProperties"];

/**
 * Finds a name in `required` that no value can have, because the schema lets in no members but its `properties`. A closed
 * schema of such an object refuses everything.
 */
export function findUnmetRequirement(schema: unknown, place = "#"): UnmetRequirement | undefined {
  if (!isSchemaObject(schema)) return undefined;
  const { required, additionalProperties, patternProperties } = schema;
  if (
    Array.isArray(required) &&
    additionalProperties === false &&
    patternProperties === undefined
  ) {
    const properties = isSchemaObject(schema["properties"]) ? schema["properties"] : {};
    const name = required.find((one) => !Object.hasOwn(properties, String(one)));
    if (name !== undefined) return { name: String(name), place };
  }
  for (const [path, below] of childrenIn(schema)) {
    const found = findUnmetRequirement(below, `${place}/${path}`);
    if (found !== undefined) return found;
  }
  return undefined;
}

function childrenIn(schema: SchemaObject): readonly (readonly [string, unknown])[] {
  const maps = CHILD_MAPS.flatMap((keyword) => {
    const map = schema[keyword];
    if (!isSchemaObject(map)) return [];
    return Object.entries(map).map(
      ([name, below]) => [`${keyword}/${keyword === "properties" ? name : "*"}`, below] as const,
    );
  });
  return [...maps, ...CHILDREN.map((keyword) => [keyword, schema[keyword]] as const)];
}
