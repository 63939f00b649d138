import type { AuditEvent } from "../facts/event-name.js";
import { type FieldFault, keepFields } from "../fields/app-fields.js";
import { redactSecretShapes } from "../text/secret-shapes.js";
import { outcomeOf, severityOf } from "./owasp-events.js";

/** An event of the app, as it is recorded. */
export interface AppEvent {
  readonly event: AuditEvent;
  readonly outcome: "success" | "failure" | "unknown";
  /** Holds the fields of the app. */
  readonly data: object;
}

/** What is wrong with a call. */
export type EventFault = FieldFault | "details" | "event";

/** How an event is spelt, of at most 64 characters. */
export const EVENT_NAME = /^(?=.{1,64}$)[a-z][a-z0-9]*(?:_[a-z0-9]+)*$/;
/** What only the log itself says: nobody must be able to write that records were dropped. */
export const OWN_EVENT =
  /^(?:api_request$|browser_report$|security_alert$|(?:connection|log|sys_monitor)_)/;
const OUTCOMES = ["success", "failure", "unknown"] as const;
const SEVERITIES = ["INFO", "WARN", "ERROR", "CRITICAL"] as const;

/**
 * Reads what the app gives to an event. Nothing of it is trusted to be what its type says.
 *
 * @returns `event`: nothing, if the name is wrong. `fault`: what is wrong and was left out.
 */
export function readEvent(
  name: unknown,
  fields: unknown,
  details: unknown,
): { readonly event?: AppEvent; readonly fault: EventFault | undefined } {
  if (!isName(name)) return { fault: "event" };
  const data = {};
  let fault: EventFault | undefined =
    fields === undefined || fields === null ? undefined : keepFields(data, fields);
  let outcome: AppEvent["outcome"] = outcomeOf(name);
  let severity: AuditEvent["severity"] = severityOf(name, outcome);
  try {
    const given = (details ?? {}) as { readonly outcome?: unknown; readonly severity?: unknown };
    const { outcome: wantedOutcome = outcome, severity: wantedSeverity } = given;
    const found = OUTCOMES.find((one) => one === wantedOutcome);
    severity = severityOf(name, found ?? outcome);
    const grave =
      wantedSeverity === undefined ? severity : SEVERITIES.find((one) => one === wantedSeverity);
    if (found === undefined || grave === undefined || typeof given !== "object")
      fault ??= "details";
    outcome = found ?? outcome;
    severity = grave ?? severity;
  } catch {
    // A getter, or a Proxy.
    fault ??= "details";
  }
  return { event: { event: { name, severity }, outcome, data }, fault };
}

function isName(name: unknown): name is string {
  return (
    typeof name === "string" &&
    EVENT_NAME.test(name) &&
    !OWN_EVENT.test(name) &&
    // The name of an event is no place for what a client sent.
    redactSecretShapes(name) === name
  );
}
