import {
  areDistinct,
  canonical,
  codePoints,
  compileFormat,
  compilePattern,
} from "./keyword-functions.js";
import { compileMultipleOf } from "./multiple-of.js";
import type { SchemaObject } from "./references.js";

/** What a failed keyword says of itself: the `params` of ajv's errors. */
export type Params = Readonly<Record<string, unknown>>;

/** A keyword that looks at a value without a subschema. */
export interface Assertion {
  readonly keyword: string;
  /** What is wrong with the value, or `undefined`. Values of other types are right. */
  readonly fault: (value: unknown) => Params | undefined;
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

/** Whether the assertions look at the characters of a text. */
export function looksAtText(schema: SchemaObject): boolean {
  return ["pattern", "format", "minLength", "maxLength", "enum", "const"].some((keyword) =>
    Object.hasOwn(schema, keyword),
  );
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
  const texts = new Set(values.map(canonical));
  const scalarsOnly = values.every((value) => typeof value !== "object" || value === null);
  return {
    keyword,
    fault: (value) => {
      const isScalar = typeof value !== "object" || value === null;
      return (isScalar || !scalarsOnly) && texts.has(canonical(value)) ? undefined : params;
    },
  };
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
  const { required, dependentRequired, dependencies } = schema;
  for (const name of Array.isArray(required) ? required : []) {
    found.push(requirement("required", undefined, String(name)));
  }
  for (const [keyword, map] of Object.entries({ dependentRequired, dependencies })) {
    for (const [trigger, names] of Object.entries(map ?? {})) {
      if (!Array.isArray(names)) continue;
      for (const name of names) found.push(requirement(keyword, trigger, String(name)));
    }
  }
  return found;
}

function requirement(keyword: string, trigger: string | undefined, name: string): Assertion {
  const test: Test<object> = (object) =>
    (trigger !== undefined && !hasMember(object, trigger)) || hasMember(object, name);
  return assertion(keyword, isObject, test, { missingProperty: name });
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
