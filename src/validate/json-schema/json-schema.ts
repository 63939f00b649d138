import { isPlainObject } from "../../core/options/value.js";
import type { PartCheck } from "../issues/issue.js";
import { type CompiledSchema, compileSchema, lintSchema } from "./ajv.js";
import {
  type AjvError,
  isUnknownField,
  pathOf,
  toIssues,
  unknownName,
  withoutConsequences,
} from "./ajv-issues.js";
import { closeSchema } from "./close-schema.js";

/** What happens to members that a schema does not name. */
export type UnknownFields = "reject" | "strip" | "allow";

/** Rounds of stripping: members of a member that is itself made of several schemas show up one level per round. */
const MAX_ROUNDS = 20;

/**
 * A check against a JSON Schema 2020-12. Defaults are filled in; nothing is coerced.
 *
 * @throws Error when the schema is wrong.
 */
export function createJsonSchemaCheck(schema: object, unknown: UnknownFields): PartCheck {
  const { $schema: dialect } = schema as { $schema?: unknown };
  if (
    dialect !== undefined &&
    !/^https?:\/\/json-schema\.org\/draft\/2020-12\/schema#?$/.test(String(dialect))
  ) {
    throw new Error("$schema must be JSON Schema 2020-12");
  }
  lintSchema(schema);
  // A copy in any case: compiling the second function comes later, and the app may have changed its object by then.
  const copy = structuredClone(schema);
  const closed = unknown === "allow" ? copy : (closeSchema(copy) as object);
  const isValid = compileSchema(closed, "first");
  let collect: CompiledSchema | undefined;

  function errorsOf(value: unknown): readonly AjvError[] {
    // Most schemas never need it, and collecting makes the check slower.
    collect ??= compileSchema(closed, "all");
    return collect(value) ? [] : ((collect.errors ?? []) as readonly AjvError[]);
  }

  return (value) => {
    if (isValid(value)) return { value };
    let errors = errorsOf(value);
    for (let round = 0; unknown === "strip" && round < MAX_ROUNDS; round += 1) {
      // Beside another error, a member can look unknown only because its schema failed: then nothing is removed.
      if (errors.length === 0 || !errors.every(isUnknownField)) break;
      for (const error of withoutConsequences(errors)) removeUnknown(value, error);
      errors = errorsOf(value);
    }
    return errors.length === 0 ? { value } : { value, issues: toIssues(errors) };
  };
}

/** Whether the value can be meant as a JSON Schema: a plain object with a keyword that says something. */
export function isJsonSchema(value: unknown): value is Readonly<Record<string, unknown>> {
  return isPlainObject(value) && ASSERTIONS.some((keyword) => Object.hasOwn(value, keyword));
}

const ASSERTIONS = [
  "$schema",
  "$ref",
  "type",
  "properties",
  "required",
  "enum",
  "const",
  "allOf",
  "anyOf",
  "oneOf",
];

function removeUnknown(root: unknown, error: AjvError): void {
  let parent = root;
  for (const name of pathOf(error)) {
    parent = isObject(parent) && Object.hasOwn(parent, name) ? parent[name] : undefined;
  }
  const name = unknownName(error);
  if (isObject(parent) && name !== undefined) delete parent[name];
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
