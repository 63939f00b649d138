import type { Request } from "express";
import { createMediaTypeTest } from "../../core/http/media-type.js";
import { HttpError } from "../../core/refusal/http-error.js";
import { withoutClientNames } from "../issues/client-names.js";
import type { Part } from "../issues/field-error.js";
import { checkPart, refuseIssues, refuseMediaType, type Validation } from "../issues/validation.js";
import type { UnknownFields } from "../json-schema/json-schema.js";
import { inspectBody } from "../parts/inspect-body.js";
import type { UnparsedBodyCheck } from "../parts/unparsed-body.js";
import type { RequestCheck, RequestSettings } from "../parts/validate-parts.js";
import {
  type ChainsResult,
  mayRead,
  namesOfChain,
  type RunnableChain,
  runChains,
} from "./chains.js";
import { checkMemberNames } from "./member-names.js";

const PARTS: readonly Part[] = ["body", "query", "params", "headers", "cookies"];

/** Settings of a validation by chains. */
interface ChainsSettings extends RequestSettings {
  readonly chains: readonly RunnableChain[];
  readonly unknown: UnknownFields;
}

/** Prepares the validation by chains of express-validator. Chains are always asynchronous. */
export function createChainsCheck(
  settings: ChainsSettings,
  explainUnparsed: UnparsedBodyCheck,
): RequestCheck {
  const accepts = createMediaTypeTest(settings.contentTypes);
  const read = new Set(PARTS.filter((part) => settings.chains.some((c) => mayRead(c, part))));

  const known = new Set(settings.chains.flatMap((chain) => [...namesOfChain(chain)]));

  function checkNames(part: Part, value: unknown): Validation | undefined {
    if (!read.has(part)) return undefined;
    const fault = checkMemberNames(value);
    if (fault === "too_long") {
      return { refusal: new HttpError("structure_too_large"), reason: part };
    }
    if (fault === undefined) return undefined;
    const issues = withoutClientNames([fault], value, known);
    return refuseIssues(
      settings,
      issues.map((issue) => [part, issue]),
    );
  }

  return (req) => {
    const state = settings.readsBody ? inspectBody(req, accepts) : "absent";
    if (state === "unparsed") {
      const mistake = explainUnparsed(req);
      if (mistake !== undefined) throw mistake;
    }
    if (state === "unaccepted" || state === "unparsed") {
      return refuseMediaType(settings.contentTypes);
    }
    const parts = {
      body: state === "present" ? req.body : undefined,
      query: { ...req.query },
      params: { ...req.params },
      headers: { ...req.headers },
      cookies: { ...cookiesOf(req) },
    };
    for (const part of PARTS) {
      // Always before the chains: wildcards select in quadratic time, and globstars recurse.
      const refusal =
        checkPart(part, parts[part], settings.limits) ?? checkNames(part, parts[part]);
      if (refusal !== undefined) return refusal;
    }
    return runChains(settings.chains, settings.unknown, req, parts).then((result) =>
      conclude(settings, req, result),
    );
  };
}

function conclude(settings: ChainsSettings, req: Request, result: ChainsResult): Validation {
  if (result.issues.length > 0) return refuseIssues(settings, result.issues);
  // So that validationResult(req) and matchedData(req) work behind this validator, and what custom validators loaded.
  if (settings.mode === "enforce") Object.assign(req, result.assigned);
  return { values: result.values };
}

/** What a cookie parser of the app found: chains look at nothing else. */
function cookiesOf(req: Request): Readonly<Record<string, unknown>> {
  const cookies: unknown = req.cookies;
  return typeof cookies === "object" && cookies !== null
    ? (cookies as Record<string, unknown>)
    : {};
}
