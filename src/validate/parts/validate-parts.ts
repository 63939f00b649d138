import type { Request } from "express";
import { isThenable } from "../../core/calls/user-function.js";
import type { Mode } from "../../core/guard/guard-options.js";
import { createMediaTypeTest } from "../../core/http/media-type.js";
import type { ResolvedLimits } from "../../core/structure/check-structure.js";
import type { Part } from "../issues/field-error.js";
import type { PartCheck, PartResult } from "../issues/issue.js";
import {
  checkPart,
  type LocatedIssue,
  type RefusalSettings,
  refuseIssues,
  refuseMediaType,
  type Validation,
} from "../issues/validation.js";
import type { Coercion } from "./coerce.js";
import { inspectBody } from "./inspect-body.js";
import { readPart, type TextPart } from "./read-part.js";
import type { UnparsedBodyCheck } from "./unparsed-body.js";

/** How one part is validated. */
export interface PartPlan {
  readonly part: Part;
  readonly check: PartCheck;
  /** For parts that HTTP carries as text, under a JSON Schema. */
  readonly coerce: Coercion | undefined;
  /** Whether the check can say something about a body that is not there. */
  readonly takesUndefined: boolean;
  /** Whether the values hold only what was parsed, so that no member stands in them twice. */
  readonly trees: boolean;
}

/** What all ways of validating a request have in common. */
export interface RequestSettings extends RefusalSettings {
  readonly mode: Mode;
  readonly readsBody: boolean;
  /** Media types of a body that are taken. */
  readonly contentTypes: readonly string[];
  readonly limits: ResolvedLimits;
}

/** Settings of a validation by one schema per part. */
interface PartsSettings extends RequestSettings {
  readonly parts: readonly PartPlan[];
}

/** Validates a request. What it throws or rejects with is a fault of the app. */
export type RequestCheck = (req: Request) => Validation | PromiseLike<Validation>;

const ABSENT: PartResult = { value: undefined, issues: [{ path: [], code: "required" }] };

/** Prepares the validation by one schema per part. As long as every schema answers at once, so does the check. */
export function createPartsCheck(
  settings: PartsSettings,
  explainUnparsed: UnparsedBodyCheck,
): RequestCheck {
  const accepts = createMediaTypeTest(settings.contentTypes);
  const copies = settings.mode === "report";

  return (req) => {
    const state = settings.readsBody ? inspectBody(req, accepts) : "absent";
    if (state === "unparsed") {
      const mistake = explainUnparsed(req);
      if (mistake !== undefined) throw mistake;
    }
    if (state === "unaccepted" || state === "unparsed") {
      return refuseMediaType(settings.contentTypes);
    }
    const results: (PartResult | PromiseLike<PartResult>)[] = [];
    let pending = false;
    for (const plan of settings.parts) {
      const isBody = plan.part === "body";
      const absent = isBody && state === "absent";
      const raw = absent ? undefined : isBody ? req.body : readPart(plan.part as TextPart, req);
      const refusal = checkPart(plan.part, raw, settings.limits);
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
    if (!pending) return combine(settings, results as PartResult[]);
    return Promise.all(results).then((settled) => combine(settings, settled));
  };
}

function run(plan: PartPlan, raw: unknown): PartResult | PromiseLike<PartResult> {
  if (plan.coerce === undefined) return plan.check(raw);
  const coerced = plan.coerce(raw as Readonly<Record<string, unknown>>);
  return coerced.issues === undefined ? plan.check(coerced.value) : coerced;
}

function combine(settings: PartsSettings, results: readonly PartResult[]): Validation {
  const values: Partial<Record<Part, unknown>> = {};
  let issues: LocatedIssue[] | undefined;
  for (const [index, { part }] of settings.parts.entries()) {
    const result = results[index];
    values[part] = result?.value;
    for (const issue of result?.issues ?? []) {
      issues ??= [];
      issues.push([part, issue]);
    }
  }
  return issues === undefined ? { values } : refuseIssues(settings, issues);
}
