import type { Request } from "express";
import { createMediaTypeTest } from "../../core/http/media-type.js";
import type { Part } from "../issues/field-error.js";
import { checkPart, type Outcome, refuseIssues, refuseMediaType } from "../issues/outcome.js";
import { inspectBody } from "../parts/inspect-body.js";
import { NOT_PARSED, type RequestCheck } from "../parts/validate-parts.js";
import type { ValidateConfig } from "../read-options.js";
import { type ChainsResult, runChains } from "./chains.js";

/** Prepares the validation by chains of express-validator. Chains are always asynchronous. */
export function createChainsCheck(config: ValidateConfig): RequestCheck {
  const accepts = createMediaTypeTest(config.contentTypes);

  return (req) => {
    const state = config.readsBody ? inspectBody(req, accepts) : "absent";
    if (state === "unaccepted") return refuseMediaType(config.contentTypes);
    if (state === "unparsed") throw new Error(NOT_PARSED);
    const parts = {
      body: state === "present" ? req.body : undefined,
      query: { ...req.query },
      params: { ...req.params },
      headers: { ...req.headers },
      cookies: { ...cookiesOf(req) },
    };
    for (const [part, value] of Object.entries(parts)) {
      // Always before the chains: wildcards select in quadratic time, and globstars recurse.
      const refusal = checkPart(part as Part, value, config.limits);
      if (refusal !== undefined) return refusal;
    }
    return runChains(config.chains, config.unknown, req, parts).then((result) =>
      conclude(config, req, result),
    );
  };
}

function conclude(config: ValidateConfig, req: Request, result: ChainsResult): Outcome {
  if (result.issues.length > 0) return refuseIssues(config, result.issues);
  // So that validationResult(req) and matchedData(req) work behind this validator, and what custom validators loaded.
  if (config.mode === "enforce") Object.assign(req, result.assigned);
  return { values: result.values };
}

/** What a cookie parser of the app found: chains look at nothing else. */
function cookiesOf(req: Request): Readonly<Record<string, unknown>> {
  const cookies: unknown = req.cookies;
  return typeof cookies === "object" && cookies !== null
    ? (cookies as Record<string, unknown>)
    : {};
}
