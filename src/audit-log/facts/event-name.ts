import type { ReceivedReports } from "../../core/decision/browser-report.js";

/** `INFO`, `WARN` and `CRITICAL` as the OWASP logging vocabulary grades its events; `ERROR` for our own failures. */
type Severity = "INFO" | "WARN" | "ERROR" | "CRITICAL";

/** What happened, in one word, and how grave it is. */
export interface AuditEvent {
  readonly name: string;
  readonly severity: Severity;
}

const AUTHENTICATION: AuditEvent = { name: "authn_login_fail", severity: "WARN" };
const TOKEN_REUSE: AuditEvent = { name: "authn_token_reuse", severity: "CRITICAL" };
const AUTHORIZATION: AuditEvent = { name: "authz_fail", severity: "CRITICAL" };
const LIMIT: AuditEvent = { name: "excess_rate_limit_exceeded", severity: "WARN" };
const INPUT: AuditEvent = { name: "input_validation_fail", severity: "WARN" };
/** A value of a list that a form offers: whoever sends another one did not use the form. */
const DISCRETE: AuditEvent = { name: "input_validation_discrete_fail", severity: "WARN" };
const EXTRANEOUS: AuditEvent = { name: "malicious_extraneous", severity: "CRITICAL" };
const CROSS_ORIGIN: AuditEvent = { name: "malicious_cors", severity: "CRITICAL" };
/** Not in the vocabulary, which has no name for an ordinary request. */
const REQUEST: AuditEvent = { name: "api_request", severity: "INFO" };
/** Nor one for what browsers report. Anybody can send that: it is a hint at an attack, or at a mistake. */
const BROWSER_REPORT: AuditEvent = { name: "browser_report", severity: "WARN" };
const REQUEST_FAILED: AuditEvent = { name: "api_request", severity: "ERROR" };

const BY_CODE: Readonly<Record<string, AuditEvent>> = {
  authentication_required: AUTHENTICATION,
  invalid_request: AUTHENTICATION,
  invalid_token: AUTHENTICATION,
  insufficient_scope: AUTHORIZATION,
  // Whoever is right, but logged in too long ago or too weakly.
  insufficient_user_authentication: AUTHENTICATION,
  access_denied: AUTHORIZATION,
  // The object of somebody else, which the answer hides.
  not_found: AUTHORIZATION,
  rate_limit_exceeded: LIMIT,
  cors_not_allowed: CROSS_ORIGIN,
  cross_origin_blocked: CROSS_ORIGIN,
};

/** Whatever is answered then: nothing of it is the doing of the client. */
const OUTAGE_REASONS: ReadonlySet<string> = new Set([
  "application_error",
  "engine_bad_answer",
  "engine_paused",
  "engine_timeout",
  "engine_too_large",
  "engine_unreachable",
  "evaluation_failed",
  "function_failed",
  "function_timeout",
  "guard_closed",
  "key_function_failed",
  "keys_bad_answer",
  "keys_timeout",
  "keys_too_large",
  "keys_unreachable",
  "metadata_mismatch",
  "no_usable_keys",
  "sink_failed",
  "store_unavailable",
  "undecided",
  "wrong_return",
]);

/** What the app itself answered, where no guard of ours decided. */
const BY_STATUS: Readonly<Record<number, AuditEvent>> = {
  401: AUTHENTICATION,
  403: AUTHORIZATION,
  429: LIMIT,
};

/**
 * The event of an enforced refusal with this code, in the words of the OWASP logging vocabulary. An outage of ours or of
 * the app is never graded as an attack, whatever the status.
 *
 * @see https://cheatsheetseries.owasp.org/cheatsheets/Logging_Vocabulary_Cheat_Sheet.html
 */
export function refusalEvent(
  code: string,
  status: number | undefined,
  reason: string | undefined,
): AuditEvent {
  // Nothing failed, and nobody got an answer.
  if (reason === "client_left") return REQUEST;
  if (status !== undefined && status >= 500) return REQUEST_FAILED;
  if (reason !== undefined && OUTAGE_REASONS.has(reason)) return REQUEST_FAILED;
  // Whoever follows a link to what was deleted attacks nobody.
  if (reason === "no_object") return REQUEST;
  if (code === "invalid_token" && reason !== undefined && /revoked|replayed|reused/.test(reason))
    return TOKEN_REUSE;
  if (code === "validation_failed" && reason === "unknown_field") return EXTRANEOUS;
  if (code === "validation_failed" && reason === "unlisted_value") return DISCRETE;
  // Every other refusal of ours with a 4xx is about what the client sent.
  return (Object.hasOwn(BY_CODE, code) ? BY_CODE[code] : undefined) ?? INPUT;
}

/**
 * The event of a request that no guard of ours refused, or that one refused because of an outage.
 *
 * @param broken - Whether something of the app failed, whatever was answered.
 */
export function requestEvent(status: number | undefined, broken = false): AuditEvent {
  if (broken) return REQUEST_FAILED;
  if (status === undefined) return REQUEST;
  return BY_STATUS[status] ?? (status >= 500 ? REQUEST_FAILED : REQUEST);
}

/** The event of a request that brought reports of a browser, if any of them says something new. */
export function reportEvent(reports: ReceivedReports | undefined): AuditEvent | undefined {
  return reports === undefined || reports.recorded.length === 0 ? undefined : BROWSER_REPORT;
}
