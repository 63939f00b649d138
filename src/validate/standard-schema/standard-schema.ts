import { promiseOf } from "../../core/calls/follow.js";
import { isThenable } from "../../core/calls/user-function.js";
import { type KnownNames, withoutClientNames } from "../issues/client-names.js";
import { type Issue, MAX_ISSUES, type PartCheck, type PartResult } from "../issues/issue.js";
import { findDropped } from "./dropped-members.js";
import { namesOfSchema } from "./schema-names.js";
import { vendorIssues } from "./vendor-issues.js";

/**
 * A schema of any library that follows the Standard Schema specification, version 1: zod, valibot, arktype and others.
 *
 * @see https://standardschema.dev
 */
export interface StandardSchema<Input = unknown, Output = Input> {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => StandardResult<Output> | Promise<StandardResult<Output>>;
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
  };
}

/** What a {@link StandardSchema} answers: a value, or issues. */
type StandardResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly StandardIssue[] };

/** One issue of a {@link StandardSchema}. Its message is not used: some libraries put the value into it. */
interface StandardIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** Whether the value follows the specification; schemas can be objects or functions. */
export function isStandardSchema(value: unknown): value is StandardSchema {
  if ((typeof value !== "object" && typeof value !== "function") || value === null) return false;
  const standard: unknown = (value as { "~standard"?: unknown })["~standard"];
  return (
    typeof standard === "object" &&
    standard !== null &&
    (standard as { version?: unknown }).version === 1 &&
    typeof (standard as { validate?: unknown }).validate === "function"
  );
}

/**
 * A check against a Standard Schema.
 *
 * @param rejectDropped - Whether members that the schema leaves out of its result are unknown fields.
 */
export function createStandardSchemaCheck(
  schema: StandardSchema,
  rejectDropped: boolean,
): PartCheck {
  const standard = schema["~standard"];
  let known: KnownNames | undefined;

  function refuse(input: unknown, issues: readonly Issue[]): PartResult {
    // Not at start-up: to find them can take longer than to make the schema.
    known ??= namesOfSchema(schema);
    return { value: input, issues: withoutClientNames(issues, input, known) };
  }

  function conclude(input: unknown, result: unknown): PartResult {
    if (typeof result !== "object" || result === null) {
      throw new TypeError("validate: a Standard Schema must return a result object");
    }
    const { issues, value } = result as { readonly issues?: unknown; readonly value?: unknown };
    if (issues) return refuse(input, toIssues(input, issues));
    const dropped = rejectDropped ? findDropped(input, value) : [];
    return dropped.length === 0 ? { value } : refuse(input, dropped);
  }

  return (input) => {
    const result: unknown = standard.validate(input);
    if (!isThenable(result)) return conclude(input, result);
    return promiseOf(result).then((settled) => conclude(input, settled));
  };
}

function toIssues(input: unknown, list: unknown): readonly Issue[] {
  const issues = Array.isArray(list) ? list.slice(0, MAX_ISSUES) : [];
  const found = issues.flatMap((issue: unknown) => vendorIssues(input, issue, pathOf(issue)));
  // Issues without an entry are issues all the same.
  return found.length === 0 ? [{ path: [], code: "invalid" }] : found;
}

function pathOf(issue: unknown): string[] {
  const path = (issue as Partial<StandardIssue> | null)?.path;
  if (!Array.isArray(path)) return [];
  return path.map((segment: unknown) => {
    const isSegment = typeof segment === "object" && segment !== null;
    return String(isSegment ? (segment as { readonly key?: unknown }).key : segment);
  });
}
