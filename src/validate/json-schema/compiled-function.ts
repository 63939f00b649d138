import { createCall } from "../../core/calls/create-call.js";
import { isThenable, wrongReturn } from "../../core/calls/user-function.js";
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

/** A function that looks something up first. It says whether the value is valid, and not what is wrong. */
// biome-ignore lint/suspicious/noExplicitAny: as above.
export type AsyncCompiledFunction = (value: any) => Promise<boolean>;

/** A check by a compiled function. It answers true or false, or with a promise of it: anything else is a fault. */
export function createCompiledFunctionCheck(
  validate: CompiledFunction | AsyncCompiledFunction,
): PartCheck {
  const option = "validate: a compiled function";
  const call = createCall<boolean, unknown>((value) => validate(value), {
    option,
    parse(verdict) {
      if (typeof verdict === "boolean") return verdict;
      throw wrongReturn(option, "true or false", verdict);
    },
  });

  return (value) => {
    const verdict = call(value);
    if (isThenable(verdict)) {
      // By then `errors` may be those of another request.
      return verdict.then((later) => (later ? { value } : { value, issues: issuesOf(undefined) }));
    }
    if (verdict) return { value };
    return { value, issues: issuesOf((validate as CompiledFunction).errors) };
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
