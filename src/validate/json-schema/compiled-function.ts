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

  let inSchemas: SchemaNames | undefined;

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
    const { errors: list } = validate as { errors?: unknown };
    const errors = Array.isArray(list) ? list.filter(isAjvError) : [];
    if (errors.length === 0) return UNEXPLAINED;
    inSchemas ??= namesInSchemas(schemasOf(validate));
    const known = new Set([...inSchemas.names, ...namesInErrors(errors, inSchemas.readsData)]);
    return withoutClientNames(toIssues(errors), value, known);
  }
}

/** What is looked for in the schemas of a compiled function. */
interface SchemaNames {
  readonly names: KnownNames;
  /** Whether a schema has a reference to the value in place of a keyword's own value, as ajv allows with `$data`. */
  readonly readsData: boolean;
}

function namesInSchemas(schemas: Iterable<unknown>): SchemaNames {
  const names = new Set<string>();
  let readsData = false;
  for (const schema of schemas) {
    namesInJsonSchema(schema, names);
    readsData ||= mentionsData(schema);
  }
  return { names, readsData };
}

function mentionsData(schema: unknown): boolean {
  try {
    return JSON.stringify(schema)?.includes('"$data"') === true;
  } catch {
    // No JSON: what cannot be told is taken for it.
    return true;
  }
}

/** The schema that a function of `ajv.compile()` carries, and those that it refers to. */
function schemasOf(validate: object): Set<unknown> {
  const { schema, schemaEnv } = validate as { schema?: unknown; schemaEnv?: unknown };
  const schemas = new Set([schema]);
  const seen = new Set<unknown>();
  const pending = [schemaEnv];
  while (pending.length > 0) {
    const environment = pending.pop();
    if (typeof environment !== "object" || environment === null || seen.has(environment)) continue;
    seen.add(environment);
    const { schema: own, root, refs } = environment as Partial<Record<string, unknown>>;
    // What ajv has put in the place of a reference is a schema, and has no environment.
    schemas.add(own ?? environment);
    pending.push(root, ...(typeof refs === "object" && refs !== null ? Object.values(refs) : []));
  }
  return schemas;
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
