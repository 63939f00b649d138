import type { Issue, IssueCode } from "../issues/issue.js";

/** Codes of zod 4 (`code`) and kinds of valibot 1 (`type`). What is not listed is `invalid`. */
const CODES: Readonly<Record<string, IssueCode>> = {
  // zod
  invalid_type: "type",
  invalid_format: "format",
  invalid_value: "enum",
  invalid_union: "alternatives",
  not_multiple_of: "multiple_of",
  // valibot
  string: "type",
  number: "type",
  boolean: "type",
  integer: "type",
  object: "type",
  loose_object: "type",
  strict_object: "type",
  array: "type",
  record: "type",
  literal: "const",
  picklist: "enum",
  enum: "enum",
  union: "alternatives",
  variant: "alternatives",
  regex: "pattern",
  email: "format",
  url: "format",
  uuid: "format",
  iso_date: "format",
  iso_timestamp: "format",
  min_value: "minimum",
  gt_value: "minimum",
  max_value: "maximum",
  lt_value: "maximum",
  multiple_of: "multiple_of",
};

const SMALLER: Readonly<Record<string, IssueCode>> = {
  string: "min_length",
  array: "min_items",
  number: "minimum",
};
const LARGER: Readonly<Record<string, IssueCode>> = {
  string: "max_length",
  array: "max_items",
  number: "maximum",
};

/** The fields, beyond the specification, that zod and valibot put on their issues. */
interface VendorIssue {
  readonly code?: unknown;
  readonly type?: unknown;
  readonly origin?: unknown;
  readonly expected?: unknown;
  readonly keys?: unknown;
}

/** What an issue of a library says, without its message. An absent member is `required`, whatever the library. */
export function vendorIssues(input: unknown, issue: unknown, path: string[]): readonly Issue[] {
  const { code, type, origin, expected, keys } = (issue ?? {}) as VendorIssue;
  if (code === "unrecognized_keys" && Array.isArray(keys)) {
    return keys.map((name: unknown) => ({ path, code: "unknown_field", name: String(name) }));
  }
  if (type === "strict_object" && expected === "never") {
    return [{ path: path.slice(0, -1), code: "unknown_field", name: path.at(-1) }];
  }
  const value = valueAt(input, path);
  if (value === undefined) return [{ path, code: "required" }];
  const kind = typeof origin === "string" ? origin : Array.isArray(value) ? "array" : typeof value;
  if (code === "too_small" || type === "min_length") return [{ path, code: own(SMALLER, kind) }];
  if (code === "too_big" || type === "max_length") return [{ path, code: own(LARGER, kind) }];
  return [{ path, code: own(CODES, code ?? type) }];
}

function own(table: Readonly<Record<string, IssueCode>>, key: unknown): IssueCode {
  return (
    (typeof key === "string" && Object.hasOwn(table, key) ? table[key] : undefined) ?? "invalid"
  );
}

function valueAt(root: unknown, path: readonly string[]): unknown {
  let value = root;
  for (const name of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, name))
      return undefined;
    value = (value as Record<string, unknown>)[name];
  }
  return value;
}
