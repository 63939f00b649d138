/** What the table says about one code. */
interface ErrorRow {
  /** The status of every refusal with this code. */
  readonly status: number;
  /** Statuses that one refusal may be given in its place: these, or all of a class. */
  readonly otherStatuses?: readonly number[] | "4xx" | "5xx";
  /** The one sentence that the problem document shows. */
  readonly detail: string;
}

/**
 * Every `code` a refusal of this library can carry, with its status and the one sentence its problem document shows.
 *
 * The list is closed on purpose: a refusal never shows an exception message, user input, a key id or an expected
 * value. Registered values are used where one exists (RFC 6750 §3.1, RFC 9470 §3, RFC 6749 §4.1.2.1).
 *
 * A code has one status, so that clients may switch on either. Three rows allow others: `validation_failed`, because
 * many APIs answer 400 where RFC 9110 §15.5.21 has 422, and the two for errors of the app that no other code fits.
 */
export const ERROR_CODES = {
  // oauthGuard
  authentication_required: { status: 401, detail: "The request is not authenticated." },
  invalid_request: {
    status: 400,
    detail: "The request is malformed: it repeats or misuses its credentials.",
  },
  invalid_token: {
    status: 401,
    detail: "The access token is malformed, expired, revoked or not meant for this API.",
  },
  insufficient_scope: {
    status: 403,
    detail: "The access token does not grant the scope that this request needs.",
  },
  keys_unavailable: {
    status: 503,
    detail: "The keys that verify access tokens are unavailable at the moment.",
  },
  // requireRole, requireScope, authorize
  access_denied: { status: 403, detail: "The caller is not allowed to do this." },
  insufficient_user_authentication: {
    status: 401,
    detail: "The request needs a more recent or a stronger login.",
  },
  policy_unavailable: {
    status: 503,
    detail: "The policies that decide about the request are unavailable at the moment.",
  },
  // validate, jsonBody, structuralGuard
  malformed_json: { status: 400, detail: "The request body is not valid JSON." },
  malformed_body: { status: 400, detail: "The request body cannot be read." },
  duplicate_key: { status: 400, detail: "The request body names a member twice." },
  forbidden_key: { status: 400, detail: "The request has a member name that is never allowed." },
  forbidden_character: {
    status: 400,
    detail: "The request has a character that is never allowed.",
  },
  invalid_encoding: { status: 400, detail: "The request body is not valid UTF-8." },
  structure_too_deep: { status: 400, detail: "The request is nested too deeply." },
  structure_too_large: {
    status: 413,
    detail: "The request has too many members, items or characters.",
  },
  body_too_large: { status: 413, detail: "The request body is too large." },
  unsupported_media_type: {
    status: 415,
    detail: "The media type of the request body is not accepted here.",
  },
  unsupported_charset: { status: 415, detail: "The request body must be encoded in UTF-8." },
  unsupported_content_encoding: {
    status: 415,
    detail: "The content encoding of the request body is not accepted here.",
  },
  validation_failed: {
    status: 422,
    otherStatuses: [400],
    detail: "The request does not have the form that this operation needs.",
  },
  // rateLimit
  rate_limit_exceeded: { status: 429, detail: "Too many requests: try again later." },
  rate_limit_unavailable: { status: 503, detail: "Requests cannot be counted at the moment." },
  // loadShedding, requestDeadline
  overloaded: { status: 503, detail: "The server has too much to do: try again later." },
  deadline_exceeded: { status: 503, detail: "The server did not answer in time." },
  // secureHeaders
  cors_not_allowed: {
    status: 403,
    detail: "Cross-origin requests from this origin are not allowed.",
  },
  cross_origin_blocked: { status: 403, detail: "A browser sent this request for another site." },
  https_required: { status: 403, detail: "This server answers over HTTPS only." },
  misdirected_request: {
    status: 421,
    detail: "This server does not answer requests for this host.",
  },
  // secureApi
  ambiguous_request: {
    status: 400,
    detail: "The path or the method of the request can be read in more than one way.",
  },
  // auditLog
  audit_unavailable: { status: 503, detail: "The request cannot be recorded at the moment." },
  // every guard that asks a function of the app
  check_unavailable: { status: 503, detail: "The request cannot be checked at the moment." },
  // errorHandler, notFound
  bad_request: { status: 400, detail: "The request is malformed." },
  not_found: { status: 404, detail: "There is nothing at this address." },
  method_not_allowed: { status: 405, detail: "This address does not support the method." },
  not_acceptable: { status: 406, detail: "No acceptable representation is available." },
  request_timeout: { status: 408, detail: "The request took too long to arrive." },
  conflict: { status: 409, detail: "The request conflicts with the state of the resource." },
  gone: { status: 410, detail: "The resource is no longer available." },
  unprocessable_content: { status: 422, detail: "The request cannot be processed as it is." },
  too_many_requests: { status: 429, detail: "Too many requests: try again later." },
  unauthorized: { status: 401, detail: "The request lacks valid credentials." },
  forbidden: { status: 403, detail: "The request is not allowed." },
  request_refused: { status: 400, otherStatuses: "4xx", detail: "The request was refused." },
  internal_error: {
    status: 500,
    otherStatuses: "5xx",
    detail: "The server failed to answer the request.",
  },
  service_unavailable: { status: 503, detail: "The service is unavailable at the moment." },
} as const satisfies Readonly<Record<string, ErrorRow>>;

/** The stable, machine-readable name of a refusal: switch on this, never on a message. */
export type ErrorCode = keyof typeof ERROR_CODES;

/** The statuses that a refusal with this code can have. */
type StatusOf<Code extends ErrorCode> = Code extends ErrorCode
  ? StatusOfRow<(typeof ERROR_CODES)[Code]>
  : never;

/** The statuses that a refusal with any of these codes can have: where one of several codes is meant, those of all. */
export type CommonStatus<Code extends ErrorCode> = {
  [One in Code]: (status: StatusOf<One>) => void;
}[Code] extends (status: infer Status) => void
  ? Status
  : never;

/** The codes of outages: those that are always 503. */
export type OutageCode = {
  [Code in ErrorCode]: StatusOf<Code> extends 503 ? Code : never;
}[ErrorCode];

type StatusOfRow<Row extends ErrorRow> = Row extends { readonly otherStatuses: infer Others }
  ? Others extends readonly (infer Other)[]
    ? Row["status"] | Other
    : Others extends "4xx"
      ? ClientErrorStatus
      : ServerErrorStatus
  : Row["status"];

type ClientErrorStatus = Exclude<Below<500>, Below<400>>;
type ServerErrorStatus = Exclude<Below<600>, Below<500>>;

/** The whole numbers from 0 up to, not including, the limit. */
type Below<
  Limit extends number,
  Steps extends readonly unknown[] = [],
  Found extends number = never,
> = Steps["length"] extends Limit
  ? Found
  : Below<Limit, [...Steps, unknown], Found | Steps["length"]>;

/** Whether the table allows a refusal with this code to have this status. */
export function allowsStatus(code: ErrorCode, status: number): boolean {
  const { status: usual, otherStatuses: others = [] }: ErrorRow = ERROR_CODES[code];
  if (status === usual) return true;
  if (typeof others !== "string") return others.includes(status);
  return Number.isInteger(status) && others === `${Math.floor(status / 100)}xx`;
}
