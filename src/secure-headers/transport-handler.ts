import type { NextFunction, Request, Response } from "express";
import { warnAboutApp } from "../core/app/app-warning.js";
import { isThenable } from "../core/calls/user-function.js";
import { recordDecision } from "../core/decision/decision.js";
import type { Guard } from "../core/guard/guard.js";
import { HttpError } from "../core/refusal/http-error.js";
import type { HostCheck, HostFault } from "./hosts/host-check.js";
import { type HttpsSettings, judgePlaintext, type PlaintextVerdict } from "./https/https-policy.js";

type Handler = (req: Request, res: Response, next: NextFunction) => void;

const REDIRECT_STATUS = 308;

const NOT_CONFIRMED =
  'secureHeaders: https refused a request that may have come over TLS, because req.secure is false. If a proxy ends TLS in front, set "trust proxy" to the number of proxies or to their networks, and let it send X-Forwarded-Proto, the only field that Express reads. If it is a request to localhost in development, write https: false there. Redirects would have no end, so nothing is redirected.';

/** Refuses or redirects plain HTTP, and refuses requests for other hosts, before anything else looks at the request. */
export function createTransportHandler(
  guard: Guard,
  https: HttpsSettings | undefined,
  hosts: HostCheck | undefined,
  behind: Handler,
): Handler {
  function handleHost(req: Request, res: Response, next: NextFunction): void {
    const fault = hosts?.judge(req);
    if (fault === undefined) behind(req, res, next);
    else refuseHost(fault, req, res, guard.enforced ? next : () => behind(req, res, next));
  }

  function refuseHost(fault: HostFault, req: Request, res: Response, next: NextFunction): void {
    guard.refuse(hostError(fault), req, res, next, { reason: fault });
  }

  return function handleTransport(req, res, next) {
    const verdict = https === undefined ? undefined : judgePlaintext(https, req);
    if (verdict === undefined) {
      handleHost(req, res, next);
      return;
    }
    if (verdict.reason === "tls_not_confirmed")
      warnAboutApp(req, "EXPRESS_SECURE_API_TLS_NOT_CONFIRMED", NOT_CONFIRMED);
    if (!guard.enforced) {
      const status = verdict.location === undefined ? {} : { status: REDIRECT_STATUS };
      const goOn = (): void => handleHost(req, res, next);
      const fields = { reason: verdict.reason, ...status };
      guard.refuse(new HttpError("https_required"), req, res, goOn, fields);
      return;
    }
    if (verdict.reason === "plaintext_credential") tellCredential(guard, https, req);
    if (verdict.location === undefined)
      guard.refuse(new HttpError("https_required"), req, res, next, { reason: verdict.reason });
    else redirect(guard, verdict, verdict.location, req, res);
  };
}

/** What a host that is not one of ours is answered with (RFC 9110 §7.4), or a request that names several (RFC 9112 §3.2). */
export function hostError(fault: HostFault): HttpError {
  return new HttpError(fault === "malformed_host" ? "bad_request" : "misdirected_request");
}

function redirect(
  guard: Guard,
  { reason }: PlaintextVerdict,
  location: string,
  req: Request,
  res: Response,
): void {
  const refusal = { outcome: "deny", enforced: true, code: "https_required" } as const;
  recordDecision(req, { guard: guard.name, ...refusal, status: REDIRECT_STATUS, reason });
  res.statusCode = REDIRECT_STATUS;
  res.setHeader("Location", location);
  // Browsers keep it for good otherwise, also when it was a mistake. Strict-Transport-Security is what they are to keep.
  res.setHeader("Cache-Control", "no-store");
  res.setHeader("Content-Length", 0);
  res.end();
}

/** The app's function only observes: the request is refused, whatever it does. */
export function tellCredential(guard: Guard, https: HttpsSettings | undefined, req: Request): void {
  try {
    const answer = https?.tell?.(req);
    if (isThenable(answer)) answer.then(undefined, (error: unknown) => guard.tell(error));
  } catch (error) {
    guard.tell(error);
  }
}
