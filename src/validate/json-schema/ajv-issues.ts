import type { Failure } from "../evaluation/collect-failures.js";
import { type Issue, type IssueCode, MAX_ISSUES } from "../issues/issue.js";

/** What is used of an error of ajv, whoever compiled the function. */
export interface AjvError {
  readonly keyword: string;
  readonly instancePath: string;
  /** Where the keyword stands in the schema. */
  readonly schemaPath?: unknown;
  readonly params: Readonly<Record<string, unknown>>;
}

const CODES: Readonly<Record<string, IssueCode>> = {
  required: "required",
  dependentRequired: "required",
  dependencies: "required",
  additionalProperties: "unknown_field",
  unevaluatedProperties: "unknown_field",
  propertyNames: "unknown_field",
  type: "type",
  nullable: "type",
  format: "format",
  pattern: "pattern",
  enum: "enum",
  const: "const",
  minimum: "minimum",
  exclusiveMinimum: "minimum",
  maximum: "maximum",
  exclusiveMaximum: "maximum",
  multipleOf: "multiple_of",
  minLength: "min_length",
  maxLength: "max_length",
  minItems: "min_items",
  maxItems: "max_items",
  additionalItems: "max_items",
  unevaluatedItems: "max_items",
  items: "max_items",
  uniqueItems: "unique_items",
  contains: "contains",
  minContains: "contains",
  maxContains: "contains",
  minProperties: "min_properties",
  maxProperties: "max_properties",
  anyOf: "alternatives",
  oneOf: "alternatives",
  discriminator: "alternatives",
  if: "alternatives",
  not: "not_allowed",
  "false schema": "not_allowed",
};

/** What stands in a schema path in front of a member's name, in JSON Schema and in JSON Type Definition. */
const NAMING: ReadonlySet<string | undefined> = new Set(["properties", "optionalProperties"]);

const LISTED_VALUES = 20;

/** Errors of a compiled function that are looked at. */
const READ_ERRORS = 1000;

/** ajv's errors as issues, without its messages, each (member, code) once. */
export function toIssues(errors: readonly AjvError[]): readonly Issue[] {
  const failures = errors
    .slice(0, READ_ERRORS)
    .map(({ keyword, instancePath, params }) => ({ keyword, path: parse(instancePath), params }));
  const issues = new Map<string, Issue>();
  for (const failure of withoutConsequences(failures).slice(0, MAX_ISSUES)) {
    const issue = toIssue(failure);
    const key = `${issue.code} ${issue.path.join("/")} ${issue.name ?? ""}`;
    if (!issues.has(key)) issues.set(key, issue);
  }
  return [...issues.values()];
}

/**
 * The member names of the schema that ajv's errors show: what stands behind `properties` in their paths, and what is
 * missing.
 *
 * @param readsData - Whether the schema can take the names of what must not be missing from the value, by `$data`.
 */
export function namesInErrors(errors: readonly AjvError[], readsData: boolean): Set<string> {
  const names = new Set<string>();
  for (const { schemaPath, params } of errors.slice(0, READ_ERRORS)) {
    const missing = readsData ? undefined : params["missingProperty"];
    if (typeof missing === "string") names.add(missing);
    const tokens = typeof schemaPath === "string" ? parse(schemaPath) : [];
    for (const [index, token] of tokens.entries()) {
      if (NAMING.has(tokens[index - 1])) names.add(decode(token));
    }
  }
  return names;
}

/** ajv writes schema paths as URI fragments. */
function decode(token: string): string {
  try {
    return decodeURIComponent(token);
  } catch {
    return token;
  }
}

/** A failed keyword as an issue. */
export function toIssue({ keyword, path, params }: Failure): Issue {
  const code = (Object.hasOwn(CODES, keyword) ? CODES[keyword] : undefined) ?? "invalid";
  if (code === "unknown_field") return { path, code, name: unknownName(params) };
  const missing = code === "required" ? params["missingProperty"] : undefined;
  const at = typeof missing === "string" ? [...path, missing] : path;
  return { path: at, code, expected: expectation(code, params) };
}

function parse(pointer: string): string[] {
  const [, ...tokens] = pointer.split("/");
  return tokens.map((token) => token.replaceAll("~1", "/").replaceAll("~0", "~"));
}

function unknownName(params: Failure["params"]): string | undefined {
  const { additionalProperty, unevaluatedProperty, propertyName } = params;
  return [additionalProperty, unevaluatedProperty, propertyName].find(
    (name) => typeof name === "string",
  );
}

/** The failures at one place, as a tree: paths that are compared with each other would take quadratic time. */
interface Place {
  readonly below: Map<string, Place>;
  /** Whether something else than an unevaluated member is wrong here. */
  otherwise: boolean;
}

/**
 * Leaves out what only follows from other errors: a schema that fails leaves the members of its object unevaluated, so
 * they look unknown in the whole that it is a piece of, while something in that object, or below it, is wrong.
 */
function withoutConsequences(failures: readonly Failure[]): readonly Failure[] {
  const root: Place = { below: new Map(), otherwise: false };
  const places = failures.map(({ keyword, path }) => {
    let place = root;
    for (const name of path) {
      const next = place.below.get(name) ?? { below: new Map(), otherwise: false };
      place.below.set(name, next);
      place = next;
    }
    if (keyword !== "unevaluatedProperties") place.otherwise = true;
    return place;
  });
  return failures.filter(({ keyword }, index) => {
    const place = places[index];
    return (
      keyword !== "unevaluatedProperties" ||
      place === undefined ||
      (!place.otherwise && place.below.size === 0)
    );
  });
}

function expectation(code: IssueCode, params: Failure["params"]): string | undefined {
  const { type, format, comparison, limit, multipleOf, allowedValues, allowedValue } = params;
  switch (code) {
    case "type":
      return typeof type === "string" || Array.isArray(type)
        ? `must be ${[type].flat().join(" or ")}`
        : undefined;
    case "format":
      return typeof format === "string" ? `must have the format ${format}` : undefined;
    case "minimum":
    case "maximum":
      return typeof limit === "number" ? `must be ${String(comparison)} ${limit}` : undefined;
    case "multiple_of":
      return `must be a multiple of ${String(multipleOf)}`;
    case "min_length":
      return `must have at least ${String(limit)} characters`;
    case "max_length":
      return `must have at most ${String(limit)} characters`;
    case "min_items":
      return typeof limit === "number" ? `must have at least ${limit} items` : undefined;
    case "max_items":
      return typeof limit === "number" ? `must have at most ${limit} items` : undefined;
    case "enum":
      return Array.isArray(allowedValues) && allowedValues.length <= LISTED_VALUES
        ? `must be one of ${JSON.stringify(allowedValues)}`
        : undefined;
    case "const":
      return `must be ${JSON.stringify(allowedValue)}`;
    default:
      return undefined;
  }
}
