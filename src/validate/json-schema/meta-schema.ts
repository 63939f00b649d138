import { Evaluation } from "../evaluation/evaluation.js";
import { preparePlan } from "../evaluation/plan.js";
import { Work } from "../evaluation/work.js";
import { isSchemaObject, type SchemaObject } from "../keywords/references.js";

/** Annotations, which would be filled in or looked up, and what only holds the parts together. */
const LEFT_OUT: ReadonlySet<string> = new Set([
  "$id",
  "$dynamicAnchor",
  "allOf",
  "default",
  "format",
]);

/**
 * Makes the test whether an object is a JSON Schema, by the vocabularies of the meta-schema of 2020-12. An evaluation finds
 * it out within a moment; before ajv could, it would write and compile code for the whole meta-schema, which is most of
 * what its start costs.
 */
export function createMetaSchemaTest(
  vocabularies: readonly SchemaObject[],
): (schema: object) => boolean {
  const program = preparePlan(joinVocabularies(vocabularies));
  return (schema) => {
    const evaluation = new Evaluation(program, new Work(Number.POSITIVE_INFINITY), false);
    return evaluation.check(program.root, schema) !== undefined;
  };
}

/** The vocabularies as one schema: no two of them describe the same keyword, or have definitions of the same name. */
function joinVocabularies(vocabularies: readonly SchemaObject[]): SchemaObject {
  const parts = vocabularies.map(withoutAnnotations);
  return {
    type: ["object", "boolean"],
    properties: Object.assign({}, ...parts.map(({ properties }) => properties)),
    $defs: Object.assign({}, ...parts.map(({ $defs }) => $defs)),
  };
}

function withoutAnnotations(schema: SchemaObject): SchemaObject {
  return copyOf(schema, false) as SchemaObject;
}

/** @param named - Whether the names of the members are keywords of others, as those of `properties` are. */
function copyOf(value: unknown, named: boolean): unknown {
  if (Array.isArray(value)) return value.map((item) => copyOf(item, false));
  if (!isSchemaObject(value)) return value;
  const copy: Record<string, unknown> = {};
  for (const [name, member] of Object.entries(value)) {
    if (named) copy[name] = copyOf(member, false);
    else if (name === "$dynamicRef") copy["$ref"] = "#";
    else if (name === "$ref") copy[name] = String(member).replace(/^meta\/\w+(?=#)/, "");
    else if (!LEFT_OUT.has(name)) copy[name] = copyOf(member, isNaming(name));
  }
  return copy;
}

function isNaming(keyword: string): boolean {
  return keyword === "properties" || keyword === "$defs";
}
