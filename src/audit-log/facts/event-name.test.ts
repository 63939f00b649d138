import { describe, expect, it } from "vitest";
import { reasonsIn } from "../../../test/support/reasons.js";
import { ERROR_CODES, type ErrorCode } from "../../core/refusal/error-code.js";
import { refusalEvent, reportEvent, requestEvent } from "./event-name.js";

const OURS = "api_request ERROR";
const NOBODY = "api_request INFO";
const LOGIN = "authn_login_fail WARN";
const RIGHTS = "authz_fail CRITICAL";
const EXCESS = "excess_rate_limit_exceeded WARN";
const INPUT = "input_validation_fail WARN";
const CORS = "malicious_cors CRITICAL";

/** What a refusal with this code is called, if nothing of ours or of the app failed. */
const CODES: Readonly<Record<ErrorCode, string>> = {
  authentication_required: LOGIN,
  invalid_request: LOGIN,
  invalid_token: LOGIN,
  insufficient_scope: RIGHTS,
  access_denied: RIGHTS,
  insufficient_user_authentication: LOGIN,
  keys_unavailable: OURS,
  policy_unavailable: OURS,
  malformed_json: INPUT,
  malformed_body: INPUT,
  duplicate_key: INPUT,
  forbidden_key: INPUT,
  forbidden_character: INPUT,
  invalid_encoding: INPUT,
  structure_too_deep: INPUT,
  structure_too_large: INPUT,
  body_too_large: INPUT,
  unsupported_media_type: INPUT,
  unsupported_charset: INPUT,
  unsupported_content_encoding: INPUT,
  validation_failed: INPUT,
  rate_limit_exceeded: EXCESS,
  rate_limit_unavailable: OURS,
  overloaded: OURS,
  deadline_exceeded: OURS,
  cors_not_allowed: CORS,
  cross_origin_blocked: CORS,
  https_required: INPUT,
  misdirected_request: INPUT,
  ambiguous_request: INPUT,
  audit_unavailable: OURS,
  check_unavailable: OURS,
  bad_request: INPUT,
  not_found: RIGHTS,
  method_not_allowed: INPUT,
  not_acceptable: INPUT,
  request_timeout: INPUT,
  conflict: INPUT,
  gone: INPUT,
  unprocessable_content: INPUT,
  too_many_requests: INPUT,
  unauthorized: INPUT,
  forbidden: INPUT,
  request_refused: INPUT,
  internal_error: OURS,
  service_unavailable: OURS,
};

/** Reasons that say that the fault is ours, the app's, or that of a service behind it. */
const OUTAGES: readonly string[] = [
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
];
/** Nobody's fault. */
const LEFT = "client_left";
/** Of refusals with 503 alone. */
const BUSY: readonly string[] = ["answer_stalled", "event_loop_busy", "heap_full", "no_answer"];
/** What the client sent, or what it may do, or how often. */
const CLIENT: readonly string[] = [
  "account_gone",
  "algorithm_not_allowed",
  "anonymous",
  "backslash",
  "bad_signature",
  "body_too_large",
  "bound_token",
  "bypass_stopped",
  "certificate_mismatch",
  "claim_mismatch",
  "condition_failed",
  "conflicting_credentials",
  "cost_exceeds_burst",
  "credentials_not_allowed",
  "critical_header",
  "cross_site",
  "denied_row",
  "dot_segment",
  "duplicate_authorization",
  "duplicate_header",
  "duplicate_key",
  "empty_segment",
  "encoded_slash",
  "field_not_permitted",
  "forbidden_character",
  "forbidden_key",
  // The limit is spent, and the function of the app only had to say so.
  "handler_failed",
  "header_not_allowed",
  "invalid_…",
  // Somebody fills the table of the limiter: the excess is real, whoever is refused for it.
  "key_blocked",
  "keys_exhausted",
  "forwarded_host_not_allowed",
  "host_not_allowed",
  "isolated_resource",
  "limit_exceeded",
  "queue_full",
  "malformed_body",
  "malformed_claim",
  "malformed_credentials",
  "malformed_header",
  "malformed_host",
  "malformed_token",
  "media_type",
  "method_disabled",
  "method_not_allowed",
  "method_override",
  "missing_body",
  "missing_claim",
  "missing_permission",
  "missing_role",
  "missing_scope",
  "missing_subject",
  "no_client_certificate",
  "no_credentials",
  "no_guard",
  "no_object",
  "no_principal",
  "no_row",
  "not_absolute",
  "nul",
  "not_owner",
  "null_origin",
  "origin_mismatch",
  "origin_not_allowed",
  "no_longer_accepted",
  "other_scheme",
  "other_tenant",
  "other_token_kind",
  "plain_http",
  "plaintext_credential",
  "policy_denied",
  "private_network_not_allowed",
  "queue_full",
  "redirected_to_https",
  "required_claim",
  "response_not_shared",
  "rule_denied",
  "same_site",
  "step_up_required",
  // The limit is spent, as far as the memory knows.
  "store_fallback",
  "structure_too_deep",
  "structure_too_large",
  "tls_not_confirmed",
  "token_expired",
  "token_not_yet_valid",
  "token_too_large",
  "token_too_old",
  "too_many_names",
  "unbound_token",
  "undecodable",
  "unknown_field",
  "unknown_issuer",
  "unknown_key",
  "unlisted_value",
  "unread_body",
  "untrusted_peer",
  "unusable_key",
  // As far as it is known, the queue is full of bad tokens.
  "verification_queue_full",
  "wrong_audience",
  "wrong_client",
  "wrong_token_type",
];
/** Of decisions that let a request pass, and of the records of the log about itself. */
const NO_REFUSAL: readonly string[] = [
  "accepted_without",
  "answered_late",
  "authn_login_fail_max",
  "authn_token_reuse",
  "chunk_extensions_too_large",
  "connection_failed",
  "connection_lost",
  "connection_refused",
  "connection_upgraded",
  "connections_exhausted",
  "cookie_completed",
  "declared_public",
  "exempt_path",
  "fields_removed",
  // What a verifier finds in a line.
  "key_order",
  "log_checkpoint",
  "log_dropped",
  "log_recovered",
  "log_stalled",
  "log_key",
  "malicious_direct_reference",
  "handshake_failed",
  "header_too_large",
  "log_dropped",
  "malformed_request",
  "file_deleted",
  "file_moved",
  "log_dropped",
  "log_expired",
  "log_segment",
  "near_limit",
  "no_ambient_credential",
  "no_policy_applies",
  "optional_route",
  "origin_allowed",
  "page_affected",
  "passed_by_handler",
  "preflight_allowed",
  "principal_enriched",
  "principal_found",
  "public_route",
  "raw_body_read",
  "reporting_changed",
  "reports_received",
  "security_alert",
  "request_timed_out",
  "requests_per_connection",
  "server_closed",
  "session_failed",
  "rotated",
  "short_secret",
  "skipped",
  "stale_keys",
  "started",
  "still_open",
  "store_bypassed",
  "store_open",
  "sys_monitor_disabled",
  "sys_monitor_enabled",
  "unknown_protocol",
  "untyped_page",
  "unused_rows",
  "white_space",
];
const FOLDERS = [
  "audit-log",
  "authorization",
  "core",
  "issuer",
  "json-body",
  "oauth-guard",
  "principal",
  "rate-limit",
  "secure-api",
  "secure-headers",
  "server",
  "validate",
];

function eventOf(code: ErrorCode, reason: string | undefined): string {
  const { name, severity } = refusalEvent(code, ERROR_CODES[code].status, reason);
  return `${name} ${severity}`;
}

const codes = Object.keys(ERROR_CODES) as ErrorCode[];

describe("event names", () => {
  it("are known for every code and every reason of the library", () => {
    expect(Object.keys(CODES).sort()).toEqual([...codes].sort());
    const graded = [...OUTAGES, LEFT, ...BUSY, ...CLIENT, ...NO_REFUSAL];
    expect(reasonsIn(FOLDERS).filter((reason) => !graded.includes(reason))).toEqual([]);
  });

  it.each(codes)("of the code %s are the same for everything that the client did", (code) => {
    const special = ["unknown_field", "no_object", "unlisted_value"];
    for (const reason of [undefined, ...CLIENT.filter((one) => !special.includes(one))])
      expect(`${reason} ${eventOf(code, reason)}`).toBe(`${reason} ${CODES[code]}`);
  });

  it.each(codes)(
    "of the code %s are no attack where ours or the app's fault is the reason",
    (code) => {
      for (const reason of OUTAGES)
        expect(`${reason} ${eventOf(code, reason)}`).toBe(`${reason} ${OURS}`);
      expect(eventOf(code, LEFT)).toBe(NOBODY);
    },
  );

  it.each<[string, number, string | undefined, string]>([
    ["invalid_token", 401, "token_revoked", "authn_token_reuse CRITICAL"],
    ["validation_failed", 422, "unknown_field", "malicious_extraneous CRITICAL"],
    ["validation_failed", 422, "unlisted_value", "input_validation_discrete_fail WARN"],
    ["validation_failed", 400, "missing_body", INPUT],
    ["constructor", 403, undefined, INPUT],
  ])("calls the refusal %s (%d, %s) %s", (code, status, reason, expected) => {
    const { name, severity } = refusalEvent(code, status, reason);
    expect(`${name} ${severity}`).toBe(expected);
  });

  it("has one for what browsers report, if it says something new", () => {
    const none = { recorded: [], repeated: 1, dropped: 0, ignored: 0 };
    expect(reportEvent(none)).toBeUndefined();
    expect(reportEvent({ ...none, recorded: [{ type: "coep" }] })).toEqual({
      name: "browser_report",
      severity: "WARN",
    });
  });

  it("calls an unanswered request an ordinary one", () => {
    expect(requestEvent(undefined)).toEqual({ name: "api_request", severity: "INFO" });
  });
});
