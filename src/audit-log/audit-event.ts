import type { Request } from "express";
import { refuseMounting } from "../core/calls/refuse-mounting.js";
import type { AuditFields } from "./audit-fields.js";
import { eventsOf } from "./events/app-events.js";
import type { OwaspEventName } from "./events/owasp-events.js";

/** The name of an event: one of the OWASP logging vocabulary, or one of your own in lower case with underscores. */
export type AuditEventName = OwaspEventName | (string & Record<never, never>);

/** What an event says beside its name and its fields. */
export interface AuditEventDetails {
  /**
   * What came of it. A `"failure"` makes the record of the request one, too, whatever status is answered.
   * @default "failure" for names of the vocabulary that tell of one, and names with the word `fail`, `failed` or `failure`; else `"success"`
   */
  readonly outcome?: "success" | "failure" | "unknown" | undefined;
  /** How grave it is. @default what the vocabulary says, and `"INFO"` for other names */
  readonly severity?: "INFO" | "WARN" | "ERROR" | "CRITICAL" | undefined;
}

/**
 * Records an event of the app about the request, at once, in a record of its own with the id, the trace, the caller and
 * the address of the request: `auditEvent(req, "authn_login_fail", { method: "password" })`. The record of the request
 * lists the names of its events, and is a failure if one of them is: a login that failed does not look like a success
 * because it was answered with a redirect.
 *
 * The name has up to 64 lower-case letters, digits and single underscores; names that the log uses itself (`api_request`,
 * `log_…`, `connection_…`, `sys_monitor_…`) are refused. Fields are those of {@link auditFields}, up to 16 for each event.
 * What is wrong is left out and never breaks the request; the first of its kind in the process is a warning,
 * `EXPRESS_SECURE_API_AUDIT_EVENT`. A request has at most 100 records of events: the rest is counted in its record.
 *
 * After the answer the event is recorded as well, but the record of the request is written by then.
 *
 * @returns Whether it is recorded with all its fields; `false` where no `auditLog` ran in front, and after its `close()`.
 */
export function auditEvent(
  req: Request,
  name: AuditEventName,
  fields?: AuditFields,
  details?: AuditEventDetails,
): boolean;
// Express takes a function with four parameters for an error handler, and would pass it over without a word.
export function auditEvent(
  req: Request,
  name: AuditEventName,
  fields?: AuditFields,
  ...[details]: readonly unknown[]
): boolean {
  if (typeof fields === "function") refuseMounting("auditEvent", fields);
  return eventsOf(req)?.record(req, name, fields, details) ?? false;
}
