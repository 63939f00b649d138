import { type Issue, type IssueCode, MAX_ISSUES } from "../issues/issue.js";

/** Types of errors of joi 17 and 18. What is not listed is a wrong type if it ends in `.base`, else `invalid`. */
const CODES: Readonly<Record<string, IssueCode>> = {
  "any.required": "required",
  "any.only": "enum",
  "any.unknown": "not_allowed",
  "any.invalid": "not_allowed",
  "string.empty": "min_length",
  "string.min": "min_length",
  "string.max": "max_length",
  "string.pattern.base": "pattern",
  "string.pattern.name": "pattern",
  "string.pattern.invert.base": "pattern",
  "string.pattern.invert.name": "pattern",
  "number.integer": "type",
  "number.infinity": "type",
  "number.unsafe": "maximum",
  "number.min": "minimum",
  "number.greater": "minimum",
  "number.positive": "minimum",
  "number.max": "maximum",
  "number.less": "maximum",
  "number.negative": "maximum",
  "number.multiple": "multiple_of",
  "number.precision": "multiple_of",
  "date.min": "minimum",
  "date.greater": "minimum",
  "date.max": "maximum",
  "date.less": "maximum",
  "date.format": "format",
  "array.min": "min_items",
  "array.max": "max_items",
  "array.orderedLength": "max_items",
  "array.unique": "unique_items",
  "array.excludes": "not_allowed",
  "array.hasKnown": "contains",
  "array.hasUnknown": "contains",
  "array.includesRequiredUnknowns": "contains",
  "array.includesRequiredKnowns": "contains",
  "array.includesRequiredBoth": "contains",
  "object.min": "min_properties",
  "object.max": "max_properties",
  // Not `required`: it is about members that depend on each other.
  "object.missing": "alternatives",
  "object.and": "alternatives",
  "object.nand": "alternatives",
  "object.with": "alternatives",
  "object.without": "alternatives",
  "object.xor": "alternatives",
  "object.oxor": "alternatives",
};

const FORMAT =
  /^string\.(?:alphanum|base64|creditCard|dataUri|domain|email|guid|hex|hexAlign|hostname|ip|ipVersion|isoDate|isoDuration|lowercase|normalize|token|trim|uppercase|uri|uriCustomScheme|uriRelativeOnly)$/;

/** One entry of `details`. Its message and its context are not used: they hold the value. */
interface JoiDetail {
  readonly type?: unknown;
  readonly path?: unknown;
}

/** What the error of a joi schema says, without a message. An error of the app, which has no details, says nothing. */
export function joiIssues(error: unknown): readonly Issue[] {
  const { details } = (error ?? {}) as { details?: unknown };
  const found = Array.isArray(details) ? details.slice(0, MAX_ISSUES).map(toIssue) : [];
  return found.length === 0 ? [{ path: [], code: "invalid" }] : found;
}

function toIssue(detail: JoiDetail | null): Issue {
  const { type, path } = detail ?? {};
  const names = Array.isArray(path) ? path.map(String) : [];
  if (type === "object.unknown") {
    return { path: names.slice(0, -1), code: "unknown_field", name: names.at(-1) };
  }
  return { path: names, code: codeOf(String(type)) };
}

function codeOf(type: string): IssueCode {
  const code = Object.hasOwn(CODES, type) ? CODES[type] : undefined;
  if (code !== undefined) return code;
  if (type.startsWith("alternatives.")) return "alternatives";
  if (FORMAT.test(type)) return "format";
  return type.endsWith(".base") ? "type" : "invalid";
}
