import type { Request, Response } from "express";
import { isThenable } from "../core/calls/user-function.js";
import { createGuard } from "../core/guard/guard.js";
import { GUARD_OPTIONS, readGuardOptions } from "../core/guard/guard-options.js";
import type { Middleware } from "../core/guard/middleware.js";
import type { Hints, OptionKeys } from "../core/options/option-types.js";
import { readOptions } from "../core/options/options-reader.js";
import { Admission, type Verdict } from "./admission.js";
import { admitsAnonymous } from "./admit-anonymous.js";
import { readCertificateBinding } from "./binding/read-certificate-binding.js";
import { FirstSight } from "./first-sight/first-sight.js";
import type { OauthGuardInput } from "./oauth-guard-options.js";
import { readFailedVerifications } from "./options/read-failed-verifications.js";
import { readSchemes } from "./options/read-schemes.js";
import { readVerifierSettings, VERIFIER_HINTS, VERIFIER_KEYS } from "./read-verifier-options.js";
import { createRefusals } from "./refusals/challenge.js";
import { createTokenExtractor, NO_AUTHORIZATION } from "./token/bearer-token.js";
import { Verifier, warnAtStart } from "./token/verifier.js";

/** The middleware of {@link oauthGuard}. */
export interface OauthGuard extends Middleware {
  /**
   * Fetches the keys unless they are there. Rejects with the 503 that requests would get. For
   * readiness probes.
   */
  ready(): Promise<void>;
  /** Ends fetches under way and starts no new ones; keys in memory serve until they are too old. */
  close(): Promise<void>;
}

const KEYS: OptionKeys<OauthGuardInput> = {
  ...VERIFIER_KEYS,
  schemes: true,
  optional: true,
  failedVerifications: true,
  certificateBinding: "neverUndefined",
  ...GUARD_OPTIONS,
};

/** `true` there is the default here, and `false` there is `optional: true`: never the same value. */
const TOKEN_REQUIRED =
  "leave it out, a token is required by default; optional: true lets requests without one pass";

const TOKEN_PLACE =
  "leave it out, tokens are taken from the Authorization field and nowhere else; createTokenVerifier verifies those that come another way";
const ROLE =
  "mount requireRole behind the guard, on the routes that need the role: oauthGuard only says who calls";
const CLAIMS_PLACE =
  "leave it out, handlers read the claims with getAuth(req), or from req.auth.payload";

/** What express-oauth2-jwt-bearer, express-jwt, passport-jwt, jsonwebtoken and jose call things. */
export const OAUTH_GUARD_HINTS: Hints<OauthGuardInput> = {
  ...VERIFIER_HINTS,
  authRequired: TOKEN_REQUIRED,
  credentialsRequired: TOKEN_REQUIRED,
  required: TOKEN_REQUIRED,
  role: ROLE,
  roles: ROLE,
  getToken: TOKEN_PLACE,
  jwtFromRequest: TOKEN_PLACE,
  requestProperty: CLAIMS_PLACE,
  userProperty: CLAIMS_PLACE,
  resultProperty: CLAIMS_PLACE,
  passReqToCallback:
    "leave it out, there is no callback: handlers read the claims with getAuth(req)",
  jsonWebTokenOptions:
    'write what stands in it here, such as clockTolerance: "5s" and maxTokenAge: "1h"',
  authScheme: "schemes",
  secretOrKeyProvider:
    "leave it out, the keys are found in the metadata of the issuer, or where jwksUri says",
  isRevoked:
    "leave it out, the guard asks nobody whether a token was revoked: enrichPrincipal behind it can, and its function returns null for such a token",
  onExpired: "tokens past exp are always refused: leave it out, onDenied can answer the refusal",
};

/**
 * Lets only requests pass that carry a valid OAuth 2.0 bearer access token (a signed JWT) in the
 * Authorization field.
 *
 * Handlers read what was verified with `getAuth(req)`, or from `req.auth`. Answers 401 without a
 * token (`authentication_required`) or with a defective one (`invalid_token`), 400
 * `invalid_request` to malformed or repeated credentials, 403 `insufficient_scope`, and 503
 * `keys_unavailable` while there are no keys to verify with. Tokens in the query or the body are
 * never looked at; tokens bound to a key (`cnf`) are refused, unless `certificateBinding` checks it. Where many bad tokens come from one
 * address, new tokens from there queue, and 503 `check_unavailable` answers when that queue is full;
 * tokens in the cache never wait. It does not ask the issuer whether a
 * token was revoked.
 *
 * @throws {@link OptionsError} when an option is unknown, missing or wrong.
 * @see https://www.rfc-editor.org/rfc/rfc6750
 * @see https://www.rfc-editor.org/rfc/rfc8725
 * @see https://www.rfc-editor.org/rfc/rfc8705#section-3
 */
export function oauthGuard(options: OauthGuardInput): OauthGuard {
  const reader = readOptions<OauthGuardInput>(
    "oauthGuard",
    options ?? {},
    KEYS,
    OAUTH_GUARD_HINTS,
    'oauthGuard({ issuer: "https://issuer.example", audience: "https://api.example" })',
  );
  const binding = readCertificateBinding(reader);
  const settings = readVerifierSettings(reader, {
    reporting: reader.raw("mode") === "report",
    certificateBound: binding !== undefined,
  });
  const schemes = readSchemes(reader);
  const optional = reader.boolean("optional");
  const failedVerifications = readFailedVerifications(reader);
  const guardOptions = readGuardOptions(reader);
  reader.finish();
  warnAtStart(settings);

  const guard = createGuard("oauthGuard", "authentication", guardOptions);
  const refusals = createRefusals(settings.realm, settings.scopes, schemes);
  const admission = new Admission(guard, refusals, binding);
  const extractToken = createTokenExtractor(schemes);
  const verifier = new Verifier(settings);
  const firstSight = failedVerifications && new FirstSight(failedVerifications);
  const verify = (token: string, req: Request, res: Response): Verdict | Promise<Verdict> => {
    if (firstSight === undefined) return verifier.verify(token);
    // In report mode the verdict is wanted for the record, whether the client waits for its answer or not.
    const leaving = guard.enforced ? res : undefined;
    return verifier.known(token) ?? firstSight.verify(req, leaving, () => verifier.verify(token));
  };

  const middleware: Middleware = guard.middleware(
    (req, res, next) => {
      const extracted = extractToken(req);
      if (extracted.refused !== undefined) {
        const admits = optional || admitsAnonymous(req, middleware);
        if (admits && extracted === NO_AUTHORIZATION) admission.acceptAnonymous(req, next);
        else admission.refuse(extracted.refused, req, res, next);
        return;
      }
      let verification: Verdict | Promise<Verdict>;
      try {
        verification = verify(extracted.token, req, res);
      } catch (error) {
        admission.fault(error, req, res, next);
        return;
      }
      if (isThenable(verification) && !guard.enforced) {
        admission.settleLater(verification, req, res, next);
      } else if (isThenable(verification)) {
        verification.then(
          (later) => guard.resume(req, res, next, () => admission.settle(later, req, res, next)),
          (error: unknown) =>
            guard.resume(req, res, next, () => admission.fault(error, req, res, next)),
        );
      } else {
        admission.settle(verification, req, res, next);
      }
    },
    optional ? { optional } : {},
  );
  return Object.assign(middleware, {
    ready: () => verifier.ready(),
    close: async () => verifier.close(),
  });
}
