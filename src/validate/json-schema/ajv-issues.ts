import { type Issue, type IssueCode, MAX_ISSUES } from "../issues/issue.js";

/** What is used of an error of ajv, whoever compiled the function. */
export interface AjvError {
  readonly keyword: string;
  readonly instancePath: string;
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

const LISTED_VALUES = 20;

/** ajv's errors as issues, without its messages, each (member, code) once. */
export function toIssues(errors: readonly AjvError[]): readonly Issue[] {
  const issues = new Map<string, Issue>();
  for (const error of withoutConsequences(errors)) {
    const issue = toIssue(error);
    const key = `${issue.code} ${issue.path.join("/")} ${issue.name ?? ""}`;
    if (!issues.has(key)) issues.set(key, issue);
  }
  return [...issues.values()];
}

/** Whether the error says that a member is not known. */
export function isUnknownField(error: AjvError): boolean {
  return Object.hasOwn(CODES, error.keyword) && CODES[error.keyword] === "unknown_field";
}

/** Where an error stands, from ajv's JSON Pointer. */
export function pathOf(error: AjvError): string[] {
  const [, ...tokens] = error.instancePath.split("/");
  return tokens.map((token) => token.replaceAll("~1", "/").replaceAll("~0", "~"));
}

/** The unknown member of an {@link isUnknownField} error. */
export function unknownName(error: AjvError): string | undefined {
  const { additionalProperty, unevaluatedProperty, propertyName } = error.params;
  return [additionalProperty, unevaluatedProperty, propertyName].find(
    (name) => typeof name === "string",
  );
}

/**
 * Leaves out what only follows from other errors: a schema that fails leaves the members of its object unevaluated, so
 * they look unknown in the whole that it is a piece of, while something in that object, or below it, is wrong.
 */
export function withoutConsequences(errors: readonly AjvError[]): readonly AjvError[] {
  return errors.slice(0, MAX_ISSUES).filter(({ keyword, instancePath: path }) => {
    if (keyword !== "unevaluatedProperties") return true;
    return !errors.some((other) =>
      other.instancePath === path
        ? other.keyword !== "unevaluatedProperties"
        : other.instancePath.startsWith(`${path}/`),
    );
  });
}

function toIssue(error: AjvError): Issue {
  const path = pathOf(error);
  const code =
    (Object.hasOwn(CODES, error.keyword) ? CODES[error.keyword] : undefined) ?? "invalid";
  if (code === "unknown_field") return { path, code, name: unknownName(error) };
  const missing = code === "required" ? error.params["missingProperty"] : undefined;
  if (typeof missing === "string") path.push(missing);
  return { path, code, expected: expectation(code, error.params) };
}

function expectation(code: IssueCode, params: AjvError["params"]): string | undefined {
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
