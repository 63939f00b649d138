import type { ErrorCode } from "../../core/refusal/error-code.js";

interface Refusal {
  readonly code: ErrorCode;
  /** `error_description` of the challenge: RFC 6750 §3 allows neither `"` nor `\` in it. */
  readonly description?: string;
}

const MALFORMED = "The access token is malformed";
const UNVERIFIED = "The access token cannot be verified";
const NOT_FOR_US = "The access token is not meant for this API";
const NOT_FOR_ACCESS = "The token is not an access token";
const WRONG_BINDING = "The access token is not bound to the client certificate";
const NOT_IN_TIME = "The access token is not valid at this time";

/**
 * Every reason for which `oauthGuard` refuses a request, with the answer to it. The list is closed.
 */
export const REFUSALS = {
  no_credentials: { code: "authentication_required" },
  other_scheme: { code: "authentication_required" },
  duplicate_authorization: invalidRequest("The Authorization field is repeated"),
  malformed_credentials: invalidRequest("The bearer credentials are malformed"),
  // RFC 6750 §3.1 on more than one method: which of two callers counts must not be the client's choice.
  conflicting_credentials: invalidRequest("The request has credentials of two callers"),
  token_too_large: invalidToken("The access token is too large"),
  malformed_token: invalidToken(MALFORMED),
  critical_header: invalidToken(MALFORMED),
  malformed_claim: invalidToken(MALFORMED),
  missing_claim: invalidToken(MALFORMED),
  too_many_names: invalidToken(MALFORMED),
  no_longer_accepted: invalidToken(MALFORMED),
  // One text for all of these: which issuers and keys are known is nobody's business.
  unknown_issuer: invalidToken(UNVERIFIED),
  algorithm_not_allowed: invalidToken(UNVERIFIED),
  unknown_key: invalidToken(UNVERIFIED),
  bad_signature: invalidToken(UNVERIFIED),
  token_expired: invalidToken("The access token expired"),
  token_too_old: invalidToken("The access token expired"),
  token_not_yet_valid: invalidToken(NOT_IN_TIME),
  wrong_audience: invalidToken(NOT_FOR_US),
  wrong_client: invalidToken(NOT_FOR_US),
  wrong_token_type: invalidToken(NOT_FOR_ACCESS),
  other_token_kind: invalidToken(NOT_FOR_ACCESS),
  // Which claims and values are demanded is nobody's business.
  required_claim: invalidToken(NOT_FOR_US),
  missing_subject: invalidToken("The access token names neither a user nor a client"),
  bound_token: invalidToken("The access token is bound to a key and is no bearer token"),
  // Which of them it is, is nobody's business: whoever holds a stolen token would learn what it lacks.
  unbound_token: invalidToken(WRONG_BINDING),
  no_client_certificate: invalidToken(WRONG_BINDING),
  certificate_mismatch: invalidToken(WRONG_BINDING),
  missing_scope: {
    code: "insufficient_scope",
    description: "The access token does not grant the scope that this request needs",
  },
} as const satisfies Readonly<Record<string, Refusal>>;

/** Why a request was refused, as decisions name it. */
export type RefusalReason = keyof typeof REFUSALS;

function invalidRequest(description: string): Refusal {
  return { code: "invalid_request", description };
}

function invalidToken(description: string): Refusal {
  return { code: "invalid_token", description };
}
