import { wrongReturn } from "../../core/options/user-function.js";
import type { Issue, PartCheck } from "../issues/issue.js";
import { type AjvError, toIssues } from "./ajv-issues.js";

/**
 * A compiled validation function, in the manner of ajv's standalone code: answers whether the value is valid, and
 * leaves what is wrong in `errors`. With a type predicate as its return type, `valid(req)` has that type.
 */
export interface CompiledFunction<T = unknown> {
  // biome-ignore lint/suspicious/noExplicitAny: a predicate on `unknown` would refuse ajv's own functions.
  (value: any): value is T;
  errors?: readonly object[] | null | undefined;
}

/** A check by a compiled function. It answers at once, with true or false: anything else is a fault. */
export function createCompiledFunctionCheck(validate: CompiledFunction): PartCheck {
  return (value) => {
    const verdict: unknown = validate(value);
    if (verdict === true) return { value };
    if (verdict !== false)
      throw wrongReturn("validate: a compiled function", "true or false", verdict);
    return { value, issues: issuesOf(validate.errors) };
  };
}

function issuesOf(errors: unknown): readonly Issue[] {
  const issues = Array.isArray(errors) ? toIssues(errors.filter(isAjvError)) : [];
  return issues.length === 0 ? [{ path: [], code: "invalid" }] : issues;
}

function isAjvError(error: unknown): error is AjvError {
  const { keyword, instancePath, params } = (error ?? {}) as Partial<AjvError>;
  return (
    typeof keyword === "string" &&
    typeof instancePath === "string" &&
    typeof params === "object" &&
    params !== null
  );
}
