import { createCall } from "../../core/calls/create-call.js";
import { isThenable, wrongReturn } from "../../core/calls/user-function.js";
import { type KnownNames, namesInJsonSchema, withoutClientNames } from "../issues/client-names.js";
import type { Issue, PartCheck } from "../issues/issue.js";
import { type AjvError, namesInErrors, toIssues } from "./ajv-issues.js";

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

const UNEXPLAINED: readonly Issue[] = Object.freeze([{ path: [], code: "invalid" } as const]);

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

  let inSchema: KnownNames | undefined;

  return (value) => {
    const verdict = call(value);
    if (isThenable(verdict)) {
      // By then `errors` may be those of another request.
      return verdict.then((later) => (later ? { value } : { value, issues: UNEXPLAINED }));
    }
    return verdict ? { value } : { value, issues: issuesOf(value) };
  };

  function issuesOf(value: unknown): readonly Issue[] {
    // What ajv.compile() makes carries its schema; of standalone code only the errors show names.
    const { errors: list, schema } = validate as { errors?: unknown; schema?: unknown };
    const errors = Array.isArray(list) ? list.filter(isAjvError) : [];
    if (errors.length === 0) return UNEXPLAINED;
    inSchema ??= namesInJsonSchema(schema);
    const known = new Set([...inSchema, ...namesInErrors(errors)]);
    return withoutClientNames(toIssues(errors), value, known);
  }
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
