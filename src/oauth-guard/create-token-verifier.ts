import { failedWith } from "../core/calls/function-failure.js";
import { readOptions } from "../core/options/options-reader.js";
import { assertNotMounted } from "../core/options/uncalled-factory.js";
import type { Principal } from "../core/principal/principal.js";
import { outageError } from "../core/refusal/http-error.js";
import { isRefused } from "../core/refusal/refused.js";
import { KeyOutage } from "../issuer/fetch/key-outage.js";
import type { TokenVerifierInput } from "./oauth-guard-options.js";
import { readVerifierSettings, VERIFIER_HINTS, VERIFIER_KEYS } from "./read-verifier-options.js";
import { createRefusals } from "./refusals/challenge.js";
import type { RefusalReason } from "./refusals/refusals.js";
import type { AccessTokenClaims, Auth } from "./token/auth.js";
import { type Verification, type VerifiedToken, Verifier } from "./token/verifier.js";
import { warnAtStart } from "./warn-at-start.js";

/** Verifies access tokens that came by another way than an Express request. */
export interface TokenVerifier<Claims = AccessTokenClaims> {
  /**
   * Verifies a token as `oauthGuard` does. Rejects with the `HttpError` that the guard would
   * answer: 401 `authentication_required` for no token at all, 400, 401 or 403 for a bad one, 503
   * for an outage, or if a function of the claim mapping fails. Its `cause.reason` says why: see
   * {@link TokenVerificationError}.
   */
  verify(token: string): Promise<Auth<Claims>>;
  /**
   * Verifies a token as `verify` does, and says who calls, as the claim mapping has it: with roles, permissions and the
   * like. `principalFrom` takes it as it is.
   */
  identify(token: string): Promise<Principal>;
  /** Fetches the keys unless they are there. Rejects with the 503 that `verify` would give. */
  ready(): Promise<void>;
  /** Ends fetches under way and starts no new ones; keys in memory serve until they are too old. */
  close(): Promise<void>;
}

/**
 * The verification of `oauthGuard` without Express: for WebSocket upgrades, queues and the like. It
 * takes the bare token and records no decisions.
 *
 * @throws {@link OptionsError} when an option is unknown, missing or wrong.
 */
export function createTokenVerifier<Claims = AccessTokenClaims>(
  options: TokenVerifierInput,
): TokenVerifier<Claims> {
  assertNotMounted("createTokenVerifier", options, "oauthGuard({ issuer, audience })");
  const reader = readOptions<TokenVerifierInput>(
    "createTokenVerifier",
    options ?? {},
    VERIFIER_KEYS,
    VERIFIER_HINTS,
    "createTokenVerifier({ issuer, audience })",
  );
  const settings = readVerifierSettings(reader);
  reader.finish();
  warnAtStart(settings);

  const refusalFor = createRefusals(settings.realm, settings.scopes);
  const refusal = (reason: RefusalReason) => refusalFor(reason, Object.freeze({ reason }));
  const verifier = new Verifier(settings);

  async function judge(token: string): Promise<Verification> {
    try {
      return await verifier.verify(token);
    } catch (error) {
      // What is wrong is a function of the app, and never the token.
      throw outageError("check_unavailable", failedWith("createTokenVerifier", error));
    }
  }

  async function verified(token: string): Promise<VerifiedToken> {
    if (typeof token !== "string" || token === "") throw refusal("no_credentials");
    const verification = await judge(token);
    if (verification instanceof KeyOutage) throw verification.toHttpError();
    if (isRefused(verification)) throw refusal(verification.refused);
    if (verification.lacksScope) throw refusal("missing_scope");
    return verification;
  }

  return Object.freeze({
    verify: async (token: string) => (await verified(token)).auth as Auth<Claims>,
    identify: async (token: string) => (await verified(token)).principal,
    ready: () => verifier.ready(),
    close: async () => verifier.close(),
  });
}
