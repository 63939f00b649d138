import { HttpError } from "../../core/refusal/http-error.js";
import { checkStructure, type ResolvedLimits } from "../../core/structure/check-structure.js";
import { type Expose, type Part, toFieldError } from "./field-error.js";
import type { Issue, IssueCode } from "./issue.js";

/** What validating a request gave: the values, or a refusal with its reason for the audit log. */
export type Validation =
  | { readonly refusal?: undefined; readonly values: Readonly<Partial<Record<Part, unknown>>> }
  | { readonly refusal: HttpError; readonly reason: string };

/** How refusals are worded. */
export interface RefusalSettings {
  /** Status of a request that does not fit its schemas. */
  readonly status: 422 | 400;
  /** Most entries of `errors`. */
  readonly maxErrors: number;
  readonly expose: Expose;
}

/** An issue, and the part that it is in. */
export type LocatedIssue = readonly [part: Part, issue: Issue];

/** Nothing arrived that could have been understood: no case for 422. @see https://www.rfc-editor.org/rfc/rfc9110#section-15.5.21 */
const MISSING_BODY_STATUS = 400;

/** The refusal of a body whose media type is not taken. @see https://www.rfc-editor.org/rfc/rfc9110#section-15.5.16 */
export function refuseMediaType(contentTypes: readonly string[]): Validation {
  // A range such as application/*+json is none of the ranges that an Accept field knows.
  const accept = contentTypes.filter((type) => !type.includes("*")).join(", ");
  const headers = accept === "" ? {} : { Accept: accept };
  return {
    refusal: new HttpError("unsupported_media_type", { headers }),
    reason: "media_type",
  };
}

/** The refusal of a part that breaks a structural limit, if it does. */
export function checkPart(
  part: Part,
  value: unknown,
  limits: ResolvedLimits,
): Validation | undefined {
  // Node limits the header section as a whole, and refuses NUL there.
  const fault = part === "headers" ? undefined : checkStructure(value, limits);
  if (fault === undefined) return undefined;
  return { refusal: new HttpError(fault), reason: part };
}

/** The refusal of a request that does not fit. */
export function refuseIssues(
  settings: RefusalSettings,
  issues: readonly LocatedIssue[],
): Validation {
  const { expose, maxErrors } = settings;
  const [[part] = ["body"]] = issues;
  const missingBody = issues.some(isMissingBody);
  const unknownOnly = haveAll(issues, "unknown_field");
  const unlistedOnly = haveAll(issues, "enum");
  const errors = issues
    .slice(0, maxErrors)
    .map(([at, located]) => toFieldError(at, located, expose));
  const members = {
    ...(expose === "none" ? {} : { errors }),
    ...(expose !== "none" && issues.length > maxErrors ? { truncated: true } : {}),
  };
  return {
    refusal: new HttpError("validation_failed", {
      members,
      status: missingBody ? MISSING_BODY_STATUS : settings.status,
    }),
    reason: missingBody
      ? "missing_body"
      : unknownOnly
        ? "unknown_field"
        : unlistedOnly
          ? "unlisted_value"
          : `invalid_${part}`,
  };
}

function haveAll(issues: readonly LocatedIssue[], wanted: IssueCode): boolean {
  return issues.every(([, { code }]) => code === wanted);
}

function isMissingBody([part, { path, code, below }]: LocatedIssue): boolean {
  return part === "body" && path.length === 0 && code === "required" && below !== true;
}
