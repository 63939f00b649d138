import { areDistinct, compileConstants, distinctWork } from "./equality.js";
import { codePoints, compileFormat, compilePattern } from "./keyword-functions.js";
import { compileMultipleOf } from "./multiple-of.js";
import type { SchemaObject } from "./references.js";
import { charactersWork } from "./size.js";

/** What a failed keyword says of itself: the `params` of ajv's errors. */
export type Params = Readonly<Record<string, unknown>>;

/** A keyword that looks at a value without a subschema. */
export interface Assertion {
  readonly keyword: string;
  /** What is wrong with the value, or `undefined`. Values of other types are right. */
  readonly fault: (value: unknown) => Params | undefined;
  /** All that is wrong with a value that has a fault, where that can be several things. */
  readonly faults?: (value: unknown) => readonly Params[];
}

type Test<T> = (value: T) => boolean;

const NO_PARAMS: Params = {};

/** The assertions of one schema, cheap ones first. @throws Error for an unknown format or a wrong pattern. */
export function assertionsOf(schema: SchemaObject): readonly Assertion[] {
  return [
    ...typeAssertion(schema),
    ...valueAssertions(schema),
    ...numberAssertions(schema),
    ...stringAssertions(schema),
    ...listAssertions(schema),
    ...objectAssertions(schema),
  ];
}

/** The work of the assertions of one schema, beside what each schema takes; `undefined` where they take none. */
export function assertionWork(schema: SchemaObject): ((value: unknown) => number) | undefined {
  const has = (keyword: string): boolean => Object.hasOwn(schema, keyword);
  const text = ["pattern", "format", "minLength", "maxLength", "enum", "const"].some(has);
  const unique = schema["uniqueItems"] === true;
  const container = Math.max(
    has("const") ? compileConstants([schema["const"]]).containerWork : 0,
    Array.isArray(schema["enum"]) ? compileConstants(schema["enum"]).containerWork : 0,
  );
  const pairs = dependentNames(schema);
  if (!text && !unique && container === 0 && pairs.size === 0) return undefined;
  return (value) => {
    if (typeof value === "string") return text ? charactersWork(value.length) : 0;
    if (Array.isArray(value)) return container + (unique ? distinctWork(value) : 0);
    return isObject(value) ? container + requirementsWork(pairs, value) : 0;
  };
}

/** The values of a schema that allows only certain ones, when none of them is a list or an object. */
export function scalarsOf(schema: SchemaObject): ReadonlySet<unknown> | undefined {
  const values = Object.hasOwn(schema, "const") ? [schema["const"]] : schema["enum"];
  if (!Array.isArray(values)) return undefined;
  const isScalar = (value: unknown): boolean => typeof value !== "object" || value === null;
  return values.every(isScalar) ? new Set(values) : undefined;
}

function typeAssertion({ type, nullable }: SchemaObject): Assertion[] {
  if (type === undefined) return [];
  const types = [type].flat().map(String);
  if (nullable === true && !types.includes("null")) types.push("null");
  const params = { type };
  return [
    {
      keyword: "type",
      fault: (value) => (types.some((name) => hasType(value, name)) ? undefined : params),
    },
  ];
}

function hasType(value: unknown, name: string): boolean {
  switch (name) {
    case "null":
      return value === null;
    case "array":
      return Array.isArray(value);
    case "object":
      return isObject(value);
    case "number":
      return typeof value === "number" && Number.isFinite(value);
    case "integer":
      return Number.isInteger(value);
    default:
      return typeof value === name;
  }
}

function valueAssertions(schema: SchemaObject): Assertion[] {
  const found: Assertion[] = [];
  if (Object.hasOwn(schema, "const")) {
    found.push(constants("const", [schema["const"]], { allowedValue: schema["const"] }));
  }
  const values = schema["enum"];
  if (Array.isArray(values)) found.push(constants("enum", values, { allowedValues: values }));
  return found;
}

function constants(keyword: string, values: readonly unknown[], params: Params): Assertion {
  const { has } = compileConstants(values);
  return { keyword, fault: (value) => (has(value) ? undefined : params) };
}

function numberAssertions(schema: SchemaObject): Assertion[] {
  const on = (
    keyword: string,
    comparison: string,
    test: (value: number, limit: number) => boolean,
  ) =>
    number(schema, keyword).map((limit) =>
      assertion(keyword, isNumber, (value) => test(value, limit), { comparison, limit }),
    );
  return [
    ...on("minimum", ">=", (value, limit) => value >= limit),
    ...on("exclusiveMinimum", ">", (value, limit) => value > limit),
    ...on("maximum", "<=", (value, limit) => value <= limit),
    ...on("exclusiveMaximum", "<", (value, limit) => value < limit),
    ...number(schema, "multipleOf").map((multipleOf) =>
      assertion("multipleOf", isNumber, compileMultipleOf(multipleOf), { multipleOf }),
    ),
  ];
}

function stringAssertions(schema: SchemaObject): Assertion[] {
  const { pattern, format } = schema;
  const found = [
    ...number(schema, "minLength").map((limit) =>
      assertion("minLength", isString, (text) => codePoints(text) >= limit, { limit }),
    ),
    ...number(schema, "maxLength").map((limit) =>
      assertion("maxLength", isString, (text) => codePoints(text) <= limit, { limit }),
    ),
  ];
  if (typeof pattern === "string") {
    const test = compilePattern(pattern, schema["maxLength"]);
    found.push(assertion("pattern", isString, test, NO_PARAMS));
  }
  if (typeof format === "string") {
    found.push(assertion("format", isString, compileFormat(format), { format }));
  }
  return found;
}

function listAssertions(schema: SchemaObject): Assertion[] {
  const found = [
    ...number(schema, "minItems").map((limit) =>
      assertion("minItems", Array.isArray, (list: unknown[]) => list.length >= limit, { limit }),
    ),
    ...number(schema, "maxItems").map((limit) =>
      assertion("maxItems", Array.isArray, (list: unknown[]) => list.length <= limit, { limit }),
    ),
  ];
  if (schema["uniqueItems"] === true) {
    found.push(assertion("uniqueItems", Array.isArray, areDistinct, NO_PARAMS));
  }
  return found;
}

function objectAssertions(schema: SchemaObject): Assertion[] {
  const found = [
    ...number(schema, "minProperties").map((limit) =>
      assertion("minProperties", isObject, (o) => Object.keys(o).length >= limit, { limit }),
    ),
    ...number(schema, "maxProperties").map((limit) =>
      assertion("maxProperties", isObject, (o) => Object.keys(o).length <= limit, { limit }),
    ),
  ];
  const required = namesIn(schema["required"]);
  if (required.length > 0) {
    found.push({
      keyword: "required",
      fault: (value) => {
        const missing = isObject(value) ? required.find((n) => !hasMember(value, n)) : undefined;
        return missing === undefined ? undefined : { missingProperty: missing };
      },
      faults: (value) =>
        isObject(value) ? toParams(required.filter((name) => !hasMember(value, name))) : [],
    });
  }
  const dependent = dependentNames(schema);
  if (dependent.size > 0) {
    const faults = (value: unknown): readonly Params[] =>
      isObject(value) ? toParams(missingNames(dependent, value)) : [];
    found.push({ keyword: "dependentRequired", fault: (value) => faults(value)[0], faults });
  }
  return found;
}

/** Members that others require: those of `dependencies`, an older keyword, as well. */
function dependentNames(schema: SchemaObject): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, readonly string[]>();
  for (const map of [schema["dependentRequired"], schema["dependencies"]]) {
    for (const [trigger, names] of Object.entries(map ?? {})) {
      if (!Array.isArray(names)) continue;
      found.set(trigger, [...(found.get(trigger) ?? []), ...namesIn(names)]);
    }
  }
  return found;
}

/** By the members that are there: there can be fewer of them than the schema has triggers. */
function missingNames(
  dependent: ReadonlyMap<string, readonly string[]>,
  object: Readonly<Record<string, unknown>>,
): readonly string[] {
  return Object.keys(object).flatMap((trigger) => {
    const names = object[trigger] === undefined ? undefined : dependent.get(trigger);
    return names?.filter((name) => !hasMember(object, name)) ?? [];
  });
}

function requirementsWork(
  dependent: ReadonlyMap<string, readonly string[]>,
  object: Readonly<Record<string, unknown>>,
): number {
  if (dependent.size === 0) return 0;
  let work = 0;
  for (const name of Object.keys(object)) work += 1 + (dependent.get(name)?.length ?? 0);
  return work;
}

function toParams(missing: readonly string[]): readonly Params[] {
  return missing.map((missingProperty) => ({ missingProperty }));
}

function namesIn(list: unknown): readonly string[] {
  return Array.isArray(list) ? list.map(String) : [];
}

function assertion<T>(
  keyword: string,
  applies: (value: unknown) => value is T,
  test: Test<T>,
  params: Params,
): Assertion {
  return { keyword, fault: (value) => (!applies(value) || test(value) ? undefined : params) };
}

function number(schema: SchemaObject, keyword: string): number[] {
  const limit = schema[keyword];
  return typeof limit === "number" ? [limit] : [];
}

/** Whether the value is an object of JSON. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Whether the object has the member as its own: `undefined` counts as absent. */
export function hasMember(object: object, name: string): boolean {
  return (
    Object.hasOwn(object, name) && (object as Readonly<Record<string, unknown>>)[name] !== undefined
  );
}

function isNumber(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value);
}

function isString(value: unknown): value is string {
  return typeof value === "string";
}
