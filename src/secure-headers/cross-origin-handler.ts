import type { NextFunction, Request, Response } from "express";
import { recordDecision } from "../core/guard/decision.js";
import type { Guard } from "../core/guard/guard.js";
import { isFirstParty, isUnsafe } from "../core/http/first-party.js";
import { HttpError } from "../core/refusal/http-error.js";
import { type CorsPolicy, isPreflight } from "./cors/cors-policy.js";
import type { CrossOriginGuard } from "./cross-origin/cross-origin-guard.js";

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
  return function handleCrossOrigin(req, res, next) {
    const { origin } = req.headers;
    let listed = false;
    if (cors !== undefined) {
      if (origin !== undefined) {
        try {
          listed = cors.allows(origin, req);
        } catch (error) {
          if (guard.enforced) keepFromPages(cors, req, res);
          guard.fault(error, req, next);
          return;
        }
      }
      if (guard.enforced) cors.vary(req, res);
      if (isPreflight(req)) {
        handlePreflight(guard, cors, listed, req, res, next);
        return;
      }
      if (guard.enforced) shareOrWithhold(cors, origin, listed, res);
    }
    if (isFirstParty(req)) next();
    else handleForeign(guard, cors, crossOriginGuard, listed, req, res, next);
  };
}

function keepFromPages(cors: CorsPolicy, req: Request, res: Response): void {
  cors.vary(req, res);
  cors.withhold(res);
}

function shareOrWithhold(
  cors: CorsPolicy,
  origin: string | undefined,
  listed: boolean,
  res: Response,
): void {
  if (origin === undefined || listed) cors.share(origin, res);
  else cors.withhold(res);
}

function handlePreflight(
  guard: Guard,
  cors: CorsPolicy,
  listed: boolean,
  req: Request,
  res: Response,
  next: NextFunction,
): void {
  const reason = listed ? cors.preflightProblem(req) : "origin_not_allowed";
  if (reason !== undefined) {
    if (guard.enforced) cors.withhold(res);
    guard.refuse(new HttpError("cors_not_allowed"), req, res, next, { reason });
    return;
  }
  guard.allow(req, { reason: "preflight_allowed" });
  if (guard.enforced) cors.answerPreflight(req.headers.origin ?? "", res);
  else next();
}

function handleForeign(
  guard: Guard,
  cors: CorsPolicy | undefined,
  crossOriginGuard: CrossOriginGuard | undefined,
  listed: boolean,
  req: Request,
  res: Response,
  next: NextFunction,
): void {
  const trusted = listed && cors?.credentials === true;
  const verdict =
    !trusted && crossOriginGuard !== undefined && isUnsafe(req)
      ? crossOriginGuard.judge(req, listed)
      : undefined;
  if (verdict?.blocked === true) {
    guard.refuse(new HttpError("cross_origin_blocked"), req, res, next, {
      reason: verdict.reason,
    });
    return;
  }
  if (listed) guard.allow(req, { reason: "origin_allowed" });
  else if (cors !== undefined && wantsToRead(req)) recordWithheld(guard, req);
  else if (verdict !== undefined) guard.allow(req, { reason: verdict.reason });
  next();
}

/** Whether a script asks. Navigations and images do not read the answer: CORS does not concern them. */
function wantsToRead(req: Request): boolean {
  const mode = req.headers["sec-fetch-mode"];
  return req.headers.origin !== undefined && (mode === undefined || mode === "cors");
}

/** The request goes on, but no page can read the answer: in report mode, that is a page that would break. */
function recordWithheld(guard: Guard, req: Request): void {
  const fields = { code: "cors_not_allowed", reason: "response_not_shared" } as const;
  if (guard.enforced) guard.allow(req, { reason: fields.reason });
  else recordDecision(req, { guard: guard.name, outcome: "deny", enforced: false, ...fields });
}
