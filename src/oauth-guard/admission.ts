import type { NextFunction, Request, Response } from "express";
import type { DecisionFields, Guard } from "../core/guard/guard.js";
import {
  authenticator,
  hasPrincipalSource,
  setPrincipalSource,
} from "../core/principal/principal.js";
import { isRefused } from "../core/refusal/refused.js";
import { KeyOutage } from "../issuer/fetch/key-outage.js";
import type { RefusalFactory } from "./refusals/challenge.js";
import type { RefusalReason } from "./refusals/refusals.js";
import { verifiedAuth } from "./token/auth.js";
import type { Verification, VerifiedToken } from "./token/verifier.js";

const ANONYMOUS: DecisionFields = Object.freeze({ reason: "anonymous" });

/** Turns what is known about a request into what happens to it: state, decision, answer. */
export class Admission {
  readonly #guard: Guard;
  readonly #refusal: RefusalFactory;

  constructor(guard: Guard, refusal: RefusalFactory) {
    this.#guard = guard;
    this.#refusal = refusal;
  }

  settle(verification: Verification, req: Request, res: Response, next: NextFunction): void {
    if (verification instanceof KeyOutage) this.#fail(verification, req, res, next);
    else if (isRefused(verification)) this.refuse(verification.refused, req, res, next);
    else this.#accept(verification, req, res, next);
  }

  refuse(
    reason: RefusalReason,
    req: Request,
    res: Response,
    next: NextFunction,
    fields?: DecisionFields,
  ): void {
    noteRan(req);
    this.#guard.refuse(this.#refusal(reason), req, res, next, { ...fields, reason });
  }

  acceptAnonymous(req: Request, next: NextFunction): void {
    noteRan(req);
    if (this.#guard.enforced) {
      verifiedAuth.set(req, null);
      setPrincipalSource(req, null);
    }
    this.#guard.allow(req, ANONYMOUS);
    next();
  }

  /** A function of the app failed, or another middleware is in the way: a bug, never a pass. */
  fault(error: unknown, req: Request, res: Response, next: NextFunction): void {
    noteRan(req);
    this.#guard.fault(error, req, res, next);
  }

  #fail(outage: KeyOutage, req: Request, res: Response, next: NextFunction): void {
    noteRan(req);
    this.#guard.refuse(outage.toHttpError(), req, res, next, { reason: outage.reason });
  }

  #accept(verified: VerifiedToken, req: Request, res: Response, next: NextFunction): void {
    const { fields, keys } = verified;
    try {
      if (this.#guard.enforced) publish(verified, req);
      else publishWhereUnset(verified, req);
    } catch (error) {
      // Another middleware made `req.auth` read-only: handlers would read something that nobody
      // verified.
      this.fault(error, req, res, next);
      return;
    }
    if (verified.lacksScope) {
      this.refuse("missing_scope", req, res, next, fields);
      return;
    }
    this.#guard.allow(req, keys.isStale() ? { ...fields, reason: "stale_keys" } : fields);
    next();
  }
}

function publish({ auth, principal }: VerifiedToken, req: Request): void {
  authenticator.set(req, "oauthGuard");
  verifiedAuth.set(req, auth);
  setPrincipalSource(req, principal);
  (req as { auth?: unknown }).auth = auth;
}

/** Report mode: what the app itself set stays as it is. */
function publishWhereUnset({ auth, principal }: VerifiedToken, req: Request): void {
  authenticator.set(req, "oauthGuard");
  if (!verifiedAuth.get(req)) verifiedAuth.set(req, auth);
  if (!hasPrincipalSource(req)) setPrincipalSource(req, principal);
  (req as { auth?: unknown }).auth ??= auth;
}

/** From now on `getAuth` says that there is no token, and no longer that the guard is missing. */
function noteRan(req: Request): void {
  authenticator.set(req, "oauthGuard");
  if (verifiedAuth.get(req) === undefined) verifiedAuth.set(req, null);
}
