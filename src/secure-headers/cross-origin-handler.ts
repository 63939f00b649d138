import type { NextFunction, Request, Response } from "express";
import { FunctionFailure } from "../core/calls/function-failure.js";
import { isThenable } from "../core/calls/user-function.js";
import { recordDecision } from "../core/decision/decision.js";
import { recordReportedAnswer } from "../core/decision/report-mode.js";
import type { DecisionFields, Guard } from "../core/guard/guard.js";
import { isFirstParty } from "../core/http/first-party.js";
import { addVary } from "../core/http/header-values.js";
import { HttpError } from "../core/refusal/http-error.js";
import { earlyRefusal } from "../core/request/early-limit.js";
import {
  type CorsGrant,
  type CorsPolicy,
  isPreflight,
  type Missing,
  NO_GRANT,
} from "./cors/cors-policy.js";
import { corsRequestOf } from "./cors/cors-request.js";
import { keepCors } from "./cors/keep-cors.js";
import type { CrossOriginGuard, OriginRank } from "./cross-origin/cross-origin-guard.js";

/** Whether the origin is on the list, or why that cannot be told. */
type Listed = boolean | FunctionFailure;

/** In place of the sentence about the origin, which is right. */
const METHOD_DETAIL = "Cross-origin requests with this method are not allowed.";
const NETWORK_DETAIL = "Requests to the private network are not allowed.";

const ISOLATION_VARY = ["Sec-Fetch-Site", "Sec-Fetch-Mode", "Sec-Fetch-Dest"];

type Handler = (req: Request, res: Response, next: NextFunction) => void;

/**
 * CORS and the cross-origin guard in one pass, on one decision about the origin.
 *
 * A request that neither had a question about leaves no decision behind.
 */
export function createCrossOriginHandler(
  guard: Guard,
  cors: CorsPolicy | undefined,
  crossOriginGuard: CrossOriginGuard | undefined,
): Handler {
  const own = crossOriginGuard?.own;
  const varies = crossOriginGuard?.isolates === true && guard.enforced;

  return function handleCrossOrigin(req, res, next) {
    if (varies && (req.method === "GET" || req.method === "HEAD")) setVary(res);
    const { origin } = req.headers;
    if (cors === undefined || origin === undefined) {
      conclude(false, req, res, next);
      return;
    }
    if (isPreflight(req) && isOverLimit(guard, cors, origin, req, res, next)) return;
    const listed = ask(cors, origin, req);
    if (isThenable(listed)) guard.whenSettled(listed, req, res, next, conclude);
    else conclude(listed, req, res, next);
  };

  function conclude(answer: Listed, req: Request, res: Response, next: NextFunction): void {
    // Who cannot be told from a stranger is treated as one.
    const listed = answer === true;
    if (cors !== undefined && guard.enforced) cors.vary(req, res);
    if (cors !== undefined && isPreflight(req)) {
      handlePreflight(guard, cors, answer, req, res, next);
      return;
    }
    const firstParty = isFirstParty(req, own);
    if (cors !== undefined && guard.enforced) {
      const { origin } = req.headers;
      const allowed = shareOrWithhold(cors, origin, listed, res);
      if (origin !== undefined && !firstParty) keepCors(req, res, allowed);
    }
    if (typeof answer !== "boolean") recordFailure(guard, answer, req);
    if (firstParty) guard.pass(next);
    else handleForeign(guard, cors, crossOriginGuard, answer, req, res, next);
  }
}

/**
 * Whether a limit in front refuses the preflight, and so has answered it. It is asked before the app's function, which
 * may have to ask a database.
 */
function isOverLimit(
  guard: Guard,
  cors: CorsPolicy,
  origin: string,
  req: Request,
  res: Response,
  next: NextFunction,
): boolean {
  const refuse = earlyRefusal(guard.enforced, req, res);
  if (refuse === undefined) return false;
  cors.vary(req, res);
  // Without it consoles would blame the origin.
  if (cors.lists(origin)) cors.explain(origin, req, res);
  else cors.withhold(res);
  refuse(next);
  return true;
}

function ask(cors: CorsPolicy, origin: string, req: Request): Listed | Promise<Listed> {
  try {
    const listed = cors.allows(origin, req);
    return typeof listed === "boolean" ? listed : listed.catch(toFailure);
  } catch (error) {
    return toFailure(error);
  }
}

function toFailure(error: unknown): FunctionFailure {
  if (error instanceof FunctionFailure) return error;
  throw error;
}

/** @returns What the answer allows pages of the origin now. */
function shareOrWithhold(
  cors: CorsPolicy,
  origin: string | undefined,
  listed: boolean,
  res: Response,
): CorsGrant {
  if (origin === undefined || listed) return cors.share(origin, res);
  cors.withhold(res);
  return NO_GRANT;
}

function handlePreflight(
  guard: Guard,
  cors: CorsPolicy,
  answer: Listed,
  req: Request,
  res: Response,
  next: NextFunction,
): void {
  if (typeof answer !== "boolean") guard.tell(answer);
  const missing = cors.missing(req);
  if (answer !== true) {
    const reason = answer === false ? "origin_not_allowed" : answer.reason;
    if (guard.enforced) cors.withhold(res);
    const asked = corsRequestOf(req, missing.headers);
    guard.refuse(new HttpError("cors_not_allowed"), req, res, next, { reason, cors: asked });
  } else if (missing.reason !== undefined) {
    if (guard.enforced) cors.explain(req.headers.origin ?? "", req, res);
    const fields = { reason: missing.reason, cors: corsRequestOf(req, missing.headers) };
    refuseListed(guard, missing, fields, req, res, next);
  } else {
    if (guard.enforced) cors.answerPreflight(req.headers.origin ?? "", req, res);
    guard.allow(req, "preflight_allowed");
    if (!guard.enforced) {
      recordReportedAnswer(req);
      next();
    }
  }
}

/**
 * Refuses a preflight of a listed origin. Browsers tell the developer what a 204 does not allow, by name; of any other
 * status they only say that it is not "ok".
 */
function refuseListed(
  guard: Guard,
  { reason, needsStatus }: Missing,
  fields: DecisionFields,
  req: Request,
  res: Response,
  next: NextFunction,
): void {
  if (needsStatus) {
    const detail = reason === "method_not_allowed" ? METHOD_DETAIL : NETWORK_DETAIL;
    const error = new HttpError("cors_not_allowed", { detail });
    guard.refuse(error, req, res, next, fields);
    return;
  }
  const status = 204;
  if (!guard.enforced) {
    guard.refuse(new HttpError("cors_not_allowed"), req, res, next, { ...fields, status });
    return;
  }
  const refusal = { outcome: "deny", enforced: true, code: "cors_not_allowed", status } as const;
  recordDecision(req, { guard: guard.name, ...refusal, ...fields });
  res.statusCode = status;
  res.end();
}

function handleForeign(
  guard: Guard,
  cors: CorsPolicy | undefined,
  crossOriginGuard: CrossOriginGuard | undefined,
  answer: Listed,
  req: Request,
  res: Response,
  next: NextFunction,
): void {
  const listed = answer === true;
  const verdict = crossOriginGuard?.judge(req, rankOf(listed, cors));
  if (verdict?.blocked === true) {
    const refuse = earlyRefusal(guard.enforced, req, res);
    if (refuse !== undefined) {
      refuse(next);
      return;
    }
    guard.refuse(new HttpError("cross_origin_blocked"), req, res, next, {
      reason: verdict.reason,
      cors: corsRequestOf(req),
    });
    return;
  }
  if (listed) guard.allow(req, "origin_allowed");
  else if (cors !== undefined && answer === false && wantsToRead(req)) recordWithheld(guard, req);
  else if (verdict !== undefined) guard.allow(req, verdict.reason);
  guard.pass(next);
}

/** What the answer of CORS about an origin is worth to the guard. */
export function rankOf(listed: boolean, cors: CorsPolicy | undefined): OriginRank {
  if (!listed) return "foreign";
  return cors?.credentials === true ? "trusted" : "listed";
}

/** No cache may give what somebody opened to a page of another site (RFC 9110 §12.5.5). */
function setVary(res: Response): void {
  let vary: unknown = res.getHeader("Vary");
  for (const name of ISOLATION_VARY) vary = addVary(vary, name);
  res.setHeader("Vary", vary as string);
}

/** CORS refuses no ordinary request: this one goes on, and no page can read the answer. */
function recordFailure(guard: Guard, failure: FunctionFailure, req: Request): void {
  guard.tell(failure);
  const { reason } = failure;
  const fields = { outcome: "error", code: "check_unavailable", reason } as const;
  const cors = corsRequestOf(req);
  recordDecision(req, { guard: guard.name, enforced: guard.enforced, ...fields, cors });
}

/** Whether a script asks. Navigations and images do not read the answer: CORS does not concern them. */
function wantsToRead(req: Request): boolean {
  const mode = req.headers["sec-fetch-mode"];
  return req.headers.origin !== undefined && (mode === undefined || mode === "cors");
}

/** The request goes on, but no page can read the answer: in report mode, that is a page that would break. */
function recordWithheld(guard: Guard, req: Request): void {
  const fields = { reason: "response_not_shared", cors: corsRequestOf(req) };
  if (guard.enforced) guard.allow(req, fields);
  else {
    const refusal = { outcome: "deny", enforced: false, code: "cors_not_allowed" } as const;
    recordDecision(req, { guard: guard.name, ...refusal, ...fields });
  }
}
