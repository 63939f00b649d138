/**
 * Every `code` a refusal of this library can carry, with the one sentence its problem document shows.
 *
 * The list is closed on purpose: a refusal never shows an exception message, user input, a key id or an expected
 * value. Registered values are used where one exists (RFC 6750 §3.1, RFC 9470 §3, RFC 6749 §4.1.2.1).
 */
export const ERROR_DETAILS = {
  // oauthGuard
  authentication_required: "The request is not authenticated.",
  invalid_request: "The request is malformed: it repeats or misuses its credentials.",
  invalid_token: "The access token is malformed, expired, revoked or not meant for this API.",
  insufficient_scope: "The access token does not grant the scope that this request needs.",
  keys_unavailable: "The keys that verify access tokens are unavailable at the moment.",
  // requireRole, requireScope, authorize
  access_denied: "The caller is not allowed to do this.",
  // validate, jsonBody, structuralGuard
  malformed_json: "The request body is not valid JSON.",
  malformed_body: "The request body cannot be read.",
  duplicate_key: "The request body names a member twice.",
  forbidden_key: "The request has a member name that is never allowed.",
  forbidden_character: "The request has a character that is never allowed.",
  invalid_encoding: "The request body is not valid UTF-8.",
  structure_too_deep: "The request is nested too deeply.",
  structure_too_large: "The request has too many members, items or characters.",
  body_too_large: "The request body is too large.",
  unsupported_media_type: "The media type of the request body is not accepted here.",
  unsupported_charset: "The request body must be encoded in UTF-8.",
  unsupported_content_encoding: "The content encoding of the request body is not accepted here.",
  validation_failed: "The request does not have the form that this operation needs.",
  // rateLimit
  rate_limit_exceeded: "Too many requests: try again later.",
  rate_limit_unavailable: "Requests cannot be counted at the moment.",
  // secureHeaders
  cors_not_allowed: "Cross-origin requests from this origin are not allowed.",
  cross_origin_blocked: "A browser sent this request for another site.",
  // auditLog
  audit_unavailable: "The request cannot be recorded at the moment.",
  // errorHandler, notFound
  bad_request: "The request is malformed.",
  not_found: "There is nothing at this address.",
  method_not_allowed: "This address does not support the method.",
  not_acceptable: "No acceptable representation is available.",
  request_timeout: "The request took too long to arrive.",
  conflict: "The request conflicts with the state of the resource.",
  gone: "The resource is no longer available.",
  unprocessable_content: "The request cannot be processed as it is.",
  too_many_requests: "Too many requests: try again later.",
  unauthorized: "The request lacks valid credentials.",
  forbidden: "The request is not allowed.",
  request_refused: "The request was refused.",
  internal_error: "The server failed to answer the request.",
  service_unavailable: "The service is unavailable at the moment.",
} as const;

/** The stable, machine-readable name of a refusal: switch on this, never on a message. */
export type ErrorCode = keyof typeof ERROR_DETAILS;
