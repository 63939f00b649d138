export type { KeyFetch, KeyFetchRequest, KeyFetchResponse } from "../issuer/fetch/key-fetch.js";
export type { Algorithm } from "../issuer/keys/algorithms.js";
export type { Jwk, JwkSet } from "../issuer/keys/jwk-set.js";
export type { TokenHeader } from "../issuer/parse-token.js";
export type { CertificateBindingOptions } from "./binding/read-certificate-binding.js";
export { createTokenVerifier, type TokenVerifier } from "./create-token-verifier.js";
export { getAuth } from "./get-auth.js";
export { type OauthGuard, oauthGuard } from "./oauth-guard.js";
export type {
  IssuerOptions,
  KeyFetchOptions,
  OauthGuardInput,
  OauthGuardIssuersOptions,
  OauthGuardOptions,
  TokenCacheOptions,
  TokenVerifierInput,
  TokenVerifierIssuersOptions,
  TokenVerifierOptions,
} from "./oauth-guard-options.js";
export type { AcceptWithoutOptions } from "./options/read-accept-without.js";
export type { FailedVerificationsOptions } from "./options/read-failed-verifications.js";
export type { TokenVerificationError, VerificationReason } from "./refusals/verification-error.js";
export type { AccessTokenClaims, Auth } from "./token/auth.js";
export type { ClaimValue } from "./token/required-claims.js";
export type { TokenProfile } from "./token/token-shape.js";
