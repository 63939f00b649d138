import type { NextFunction, Request, Response } from "express";
import { concludeCaller } from "../core/decision/pending-verdict.js";
import type { DecisionFields, Guard } from "../core/guard/guard.js";
import { passEnriched } from "../core/principal/enrichment.js";
import { createCallerWay, nameCaller } from "../core/principal/name-caller.js";
import { outageError } from "../core/refusal/http-error.js";
import { isRefused } from "../core/refusal/refused.js";
import { KeyOutage } from "../issuer/fetch/key-outage.js";
import {
  type BindingSettings,
  checkBinding,
  type PresentedCertificate,
  presentedCertificate,
} from "./binding/certificate-binding.js";
import { QUEUE_FULL } from "./first-sight/first-sight.js";
import type { RefusalFactory } from "./refusals/challenge.js";
import type { RefusalReason } from "./refusals/refusals.js";
import { verifiedAuth } from "./token/auth.js";
import type { Verification, VerifiedToken } from "./token/verifier.js";

const TOKEN = createCallerWay("oauthGuard");
const ANONYMOUS: DecisionFields = Object.freeze({ reason: "anonymous" });

/** What is known of a token, or that it could not even wait for its verification. */
export type Verdict = Verification | typeof QUEUE_FULL;

/** Seconds, in which a full queue has been worked off several times. */
const RETRY_QUEUE_AFTER = 1;

/** Turns what is known about a request into what happens to it: state, decision, answer. */
export class Admission {
  readonly #guard: Guard;
  readonly #refusal: RefusalFactory;
  readonly #binding: BindingSettings | undefined;

  constructor(guard: Guard, refusal: RefusalFactory, binding: BindingSettings | undefined) {
    this.#guard = guard;
    this.#refusal = refusal;
    this.#binding = binding;
  }

  /** @param seen - The client certificate, where the connection may be gone by now. */
  settle(
    verification: Verdict,
    req: Request,
    res: Response,
    next: NextFunction,
    seen?: PresentedCertificate,
  ): void {
    if (verification === QUEUE_FULL) this.#refuseFull(req, res, next);
    else if (verification instanceof KeyOutage) this.#fail(verification, req, res, next);
    else if (isRefused(verification)) this.refuse(verification.refused, req, res, next);
    else this.#accept(verification, req, res, next, seen);
  }

  /** Report mode: the request goes on at once, and the verdict is recorded when it is known. */
  settleLater(
    verification: Promise<Verdict>,
    req: Request,
    res: Response,
    next: NextFunction,
  ): void {
    noteRan(req);
    const seen = this.#binding && { der: presentedCertificate(this.#binding, req) };
    const verdict = verification.then(
      (later) => () => this.settle(later, req, res, goneOn, seen),
      (error: unknown) => () => this.fault(error, req, res, goneOn),
    );
    concludeCaller(req, verdict, "caller");
    this.#guard.pass(next);
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
    const { enforced } = this.#guard;
    if (enforced) verifiedAuth.set(req, null);
    nameCaller(req, TOKEN, enforced, null);
    this.#guard.allow(req, ANONYMOUS);
    next();
  }

  /** A function of the app failed, or another middleware is in the way: a bug, never a pass. */
  fault(error: unknown, req: Request, res: Response, next: NextFunction): void {
    noteRan(req);
    this.#guard.fault(error, req, res, next);
  }

  #refuseFull(req: Request, res: Response, next: NextFunction): void {
    noteRan(req);
    const error = outageError("check_unavailable", undefined, RETRY_QUEUE_AFTER);
    this.#guard.refuse(error, req, res, next, { reason: "verification_queue_full" });
  }

  #fail(outage: KeyOutage, req: Request, res: Response, next: NextFunction): void {
    noteRan(req);
    const { reason, systemCode } = outage;
    const fields = systemCode === undefined ? { reason } : { reason, systemCode };
    this.#guard.refuse(outage.toHttpError(), req, res, next, fields);
  }

  #accept(
    verified: VerifiedToken,
    req: Request,
    res: Response,
    next: NextFunction,
    seen: PresentedCertificate | undefined,
  ): void {
    const { fields, keys, principal } = verified;
    const { enforced } = this.#guard;
    const fault = this.#binding && checkBinding(this.#binding, verified.certificate, req, seen);
    if (fault !== undefined) {
      this.#tellShortSecret(verified, req);
      this.refuse(fault, req, res, next, fields);
      return;
    }
    if (!nameCaller(req, TOKEN, enforced, principal)) {
      this.#tellShortSecret(verified, req);
      this.refuse("conflicting_credentials", req, res, next, fields);
      return;
    }
    try {
      if (enforced) publish(verified, req);
      else publishWhereUnset(verified, req);
    } catch (error) {
      // Another middleware made `req.auth` read-only: handlers would read something that nobody
      // verified.
      this.fault(error, req, res, next);
      return;
    }
    if (verified.lacksScope || verified.lifetime.lacksClaims) this.#tellShortSecret(verified, req);
    if (verified.lacksScope) {
      this.refuse("missing_scope", req, res, next, fields);
      return;
    }
    this.#guard.allow(req, keys.isStale() ? { ...fields, reason: "stale_keys" } : fields);
    passEnriched(req, res, next);
  }

  /** Beside another reason, which would hide it: whoever can guess the secret makes every token. */
  #tellShortSecret({ key, fields }: VerifiedToken, req: Request): void {
    if (key.isShort !== true) return;
    this.#guard.allow(req, { ...fields, reason: "short_secret" });
  }
}

function publish({ auth }: VerifiedToken, req: Request): void {
  verifiedAuth.set(req, auth);
  (req as { auth?: unknown }).auth = auth;
}

/** Report mode: what the app itself set stays as it is. */
function publishWhereUnset({ auth }: VerifiedToken, req: Request): void {
  if (!verifiedAuth.get(req)) verifiedAuth.set(req, auth);
  (req as { auth?: unknown }).auth ??= auth;
}

/** From now on `getAuth` says that there is no token, and no longer that the guard is missing. */
function noteRan(req: Request): void {
  if (verifiedAuth.get(req) === undefined) verifiedAuth.set(req, null);
}

/** Stands in for `next` where the request has gone on already. */
function goneOn(): void {}
