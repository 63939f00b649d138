import type { NextFunction, Request, Response } from "express";
import type { Guard } from "../core/guard/guard.js";
import { passEnriched } from "../core/principal/enrichment.js";
import { type CallerWay, nameCaller } from "../core/principal/name-caller.js";
import type { Principal } from "../core/principal/principal.js";
import { HttpError } from "../core/refusal/http-error.js";

type Reason = "principal_found" | "no_principal" | "untrusted_peer" | "conflicting_credentials";

/**
 * Sets who calls, records `reason` and lets the request go on. Refuses it with 400 `invalid_request` when another way to
 * learn who calls, such as `oauthGuard`, has named a caller and there is a principal here as well.
 */
export function providePrincipal(
  guard: Guard,
  way: CallerWay,
  principal: Principal | null,
  req: Request,
  res: Response,
  next: NextFunction,
  reason: Reason = principal === null ? "no_principal" : "principal_found",
): void {
  if (nameCaller(req, way, guard.enforced, principal)) {
    guard.allow(req, reason);
    passEnriched(req, res, next);
    return;
  }
  const conflict: Reason = "conflicting_credentials";
  guard.refuse(new HttpError("invalid_request"), req, res, next, { reason: conflict });
}
