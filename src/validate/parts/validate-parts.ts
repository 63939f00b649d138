import type { Request } from "express";
import { createMediaTypeTest } from "../../core/http/media-type.js";
import { isThenable } from "../../core/options/user-function.js";
import type { Part } from "../issues/field-error.js";
import type { PartResult } from "../issues/issue.js";
import {
  checkPart,
  type LocatedIssue,
  type Outcome,
  refuseIssues,
  refuseMediaType,
} from "../issues/outcome.js";
import type { PartPlan, ValidateConfig } from "../read-options.js";
import { inspectBody } from "./inspect-body.js";
import { readPart, type TextPart } from "./read-part.js";

/** Validates a request. What it throws or rejects with is a fault of the app. */
export type RequestCheck = (req: Request) => Outcome | PromiseLike<Outcome>;

/** A mistake of the app that a request shows: its error handlers are told, the client is not. */
export const NOT_PARSED =
  "validate: nothing parsed the request body: mount jsonBody() or express.json() in front of validate()";

const ABSENT: PartResult = { value: undefined, issues: [{ path: [], code: "required" }] };

/** Prepares the validation by one schema per part. As long as every schema answers at once, so does the check. */
export function createPartsCheck(config: ValidateConfig): RequestCheck {
  const accepts = createMediaTypeTest(config.contentTypes);
  const copies = config.mode === "report";

  return (req) => {
    const state = config.readsBody ? inspectBody(req, accepts) : "absent";
    if (state === "unaccepted") return refuseMediaType(config.contentTypes);
    if (state === "unparsed") throw new Error(NOT_PARSED);
    const results: (PartResult | PromiseLike<PartResult>)[] = [];
    let pending = false;
    for (const plan of config.parts) {
      const isBody = plan.part === "body";
      const absent = isBody && state === "absent";
      const raw = absent ? undefined : isBody ? req.body : readPart(plan.part as TextPart, req);
      const refusal = checkPart(plan.part, raw, config.limits);
      if (refusal !== undefined) return refusal;
      // Schemas may change what they are given; in report mode nobody may see that.
      const result =
        absent && !plan.takesUndefined ? ABSENT : run(plan, copies ? structuredClone(raw) : raw);
      if (isThenable(result)) {
        pending = true;
        // A later part may end the request before anybody waits for this one.
        result.then(undefined, () => undefined);
      }
      results.push(result);
    }
    if (!pending) return combine(config, results as PartResult[]);
    return Promise.all(results).then((settled) => combine(config, settled));
  };
}

function run(plan: PartPlan, raw: unknown): PartResult | PromiseLike<PartResult> {
  if (plan.coerce === undefined) return plan.check(raw);
  const coerced = plan.coerce(raw as Readonly<Record<string, unknown>>);
  return coerced.issues === undefined ? plan.check(coerced.value) : coerced;
}

function combine(config: ValidateConfig, results: readonly PartResult[]): Outcome {
  const values: Partial<Record<Part, unknown>> = {};
  let issues: LocatedIssue[] | undefined;
  for (const [index, { part }] of config.parts.entries()) {
    const result = results[index];
    values[part] = result?.value;
    for (const issue of result?.issues ?? []) {
      issues ??= [];
      issues.push([part, issue]);
    }
  }
  return issues === undefined ? { values } : refuseIssues(config, issues);
}
