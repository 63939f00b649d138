import { Evaluation } from "../evaluation/evaluation.js";
import { preparePlan } from "../evaluation/plan.js";
import type { Program } from "../evaluation/program.js";
import { Work } from "../evaluation/work.js";
import { isSchemaObject, type SchemaObject } from "../keywords/references.js";

/** The parts of the meta-schema, which ajv brings (JSON Schema 2020-12 §8.1.2). Each is named, for bundlers. */
const loadVocabularies = (): readonly SchemaObject[] => [
  require("ajv/dist/refs/json-schema-2020-12/schema.json"),
  require("ajv/dist/refs/json-schema-2020-12/meta/core.json"),
  require("ajv/dist/refs/json-schema-2020-12/meta/applicator.json"),
  require("ajv/dist/refs/json-schema-2020-12/meta/unevaluated.json"),
  require("ajv/dist/refs/json-schema-2020-12/meta/validation.json"),
  require("ajv/dist/refs/json-schema-2020-12/meta/meta-data.json"),
  require("ajv/dist/refs/json-schema-2020-12/meta/format-annotation.json"),
  require("ajv/dist/refs/json-schema-2020-12/meta/content.json"),
];

/** Annotations, which would be filled in or looked up, and what only holds the parts together. */
const LEFT_OUT: ReadonlySet<string> = new Set([
  "$id",
  "$dynamicAnchor",
  "allOf",
  "default",
  "format",
]);

/** Prepared once in a process: nothing of the schemas that it is asked about stays in it. */
let program: Program | undefined;

/**
 * Whether a value is a JSON Schema, by the meta-schema of 2020-12. An evaluation finds it out within a moment; before
 * ajv could, it would write and compile code for the whole meta-schema, which is most of what its start costs.
 */
export function isByMetaSchema(schema: object): boolean {
  program ??= preparePlan(joinVocabularies());
  const evaluation = new Evaluation(program, new Work(Number.POSITIVE_INFINITY), false);
  return evaluation.check(program.root, schema) !== undefined;
}

/** The vocabularies as one schema: no two of them describe the same keyword, or have definitions of the same name. */
function joinVocabularies(): SchemaObject {
  const parts = loadVocabularies().map(withoutAnnotations);
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
