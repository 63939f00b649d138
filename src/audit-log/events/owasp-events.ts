import type { AuditEvent } from "../facts/event-name.js";

type Severity = AuditEvent["severity"];
type AppOutcome = "success" | "failure" | "unknown";

/**
 * The events of the OWASP logging vocabulary that an app can record, and how grave each is by it.
 *
 * @see https://cheatsheetseries.owasp.org/cheatsheets/Logging_Vocabulary_Cheat_Sheet.html
 */
const OWASP_EVENTS = {
  authn_login_success: "INFO",
  authn_login_successafterfail: "INFO",
  authn_login_fail: "WARN",
  authn_login_fail_max: "WARN",
  authn_login_lock: "WARN",
  authn_password_change: "INFO",
  authn_password_change_fail: "CRITICAL",
  authn_impossible_travel: "CRITICAL",
  authn_token_created: "INFO",
  authn_token_revoked: "INFO",
  authn_token_reuse: "CRITICAL",
  authn_token_delete: "WARN",
  authz_fail: "CRITICAL",
  authz_change: "WARN",
  authz_admin: "WARN",
  crypt_decrypt_fail: "WARN",
  crypt_encrypt_fail: "WARN",
  excess_rate_limit_exceeded: "WARN",
  upload_complete: "INFO",
  upload_stored: "INFO",
  upload_validation: "INFO",
  upload_delete: "INFO",
  input_validation_fail: "WARN",
  input_validation_discrete_fail: "WARN",
  malicious_excess_404: "WARN",
  malicious_extraneous: "CRITICAL",
  malicious_attack_tool: "CRITICAL",
  malicious_cors: "CRITICAL",
  malicious_direct_reference: "CRITICAL",
  privilege_permissions_changed: "WARN",
  sensitive_create: "WARN",
  sensitive_read: "WARN",
  sensitive_update: "WARN",
  sensitive_delete: "WARN",
  sequence_fail: "CRITICAL",
  session_created: "INFO",
  session_renewed: "INFO",
  session_expired: "INFO",
  session_use_after_expire: "CRITICAL",
  sys_startup: "WARN",
  sys_shutdown: "WARN",
  sys_restart: "WARN",
  sys_crash: "WARN",
  user_created: "WARN",
  user_updated: "WARN",
  user_archived: "WARN",
  user_deleted: "WARN",
} as const satisfies Readonly<Record<string, Severity>>;

/** A name of the OWASP logging vocabulary. */
export type OwaspEventName = keyof typeof OWASP_EVENTS;

/** All names of the vocabulary. */
export const OWASP_EVENT_NAMES: readonly string[] = Object.keys(OWASP_EVENTS);

/** Those that tell of a failure without saying so in their name. */
const FAILURES: ReadonlySet<string> = new Set([
  "authn_impossible_travel",
  "authn_login_lock",
  "authn_token_reuse",
  "excess_rate_limit_exceeded",
  "session_use_after_expire",
  "sys_crash",
]);

/**
 * How grave an event is when the app does not say it: what is not in the vocabulary is information.
 *
 * @param outcome - One name has two grades: a file that was found to be harmful is another matter than one that was not.
 */
export function severityOf(name: string, outcome: AppOutcome): Severity {
  if (name === "upload_validation" && outcome === "failure") return "CRITICAL";
  return Object.hasOwn(OWASP_EVENTS, name) ? OWASP_EVENTS[name as OwaspEventName] : "INFO";
}

/** What came of it when the app does not say it. */
export function outcomeOf(name: string): "success" | "failure" {
  const failed =
    FAILURES.has(name) || /(?:^malicious_|(?:^|_)fail(?:s|ed|ing|ures?)?(?:_|$))/.test(name);
  return failed ? "failure" : "success";
}
