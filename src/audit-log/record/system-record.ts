import { createIsoTime } from "../text/iso-time.js";
import { jsonText } from "../text/json-text.js";
import { type Column, constantColumn, createRecordTable } from "./record-table.js";
import type { Numbered } from "./source-columns.js";

/** What the audit log says about itself. `sys_*` are names of the OWASP logging vocabulary; it has none for losses. */
type SystemEvent = "sys_monitor_enabled" | "sys_monitor_disabled" | "log_dropped" | AlertEvent;

/** What the record of an alert is called: the name of the vocabulary where it has one. */
const ALERT_EVENTS = [
  "security_alert",
  "authn_login_fail_max",
  "authn_token_reuse",
  "malicious_direct_reference",
  "malicious_excess_404",
] as const;

/** One of the names of alerts. */
export type AlertEvent = (typeof ALERT_EVENTS)[number];

type SystemValue = string | number | readonly string[];

/** The members of a {@link SystemEvent} beyond the common ones. */
type SystemFields = { readonly [Name in (typeof FIELDS)[number] | "audit.severity"]?: SystemValue };

/** Writes one record about the audit log itself, as a line of JSON. */
export type SystemRecord = (recordId: string, event: SystemEvent, fields: SystemFields) => string;

interface SystemFacts extends Numbered {
  readonly event: SystemEvent;
  readonly fields: SystemFields;
}

const FIELDS = [
  "audit.aggregated",
  "audit.alert.count",
  "audit.alert.event",
  "audit.alert.first",
  "audit.alert.key",
  "audit.alert.key_kind",
  "audit.alert.last",
  "audit.alert.requests",
  "audit.alert.suppressed",
  "audit.alert.threshold",
  "audit.alert.touched",
  "audit.alert.window",
  "audit.lost",
  "audit.lost.since",
  "audit.notice",
  "audit.otherwise",
  "audit.reason",
  "audit.records",
  "audit.reporting",
  "audit.sampled_out",
  "audit.sink",
  "audit.unused",
  "client.address",
  "http.request.id",
  "http.route",
  "security_rule.category",
  "security_rule.name",
] as const;

/**
 * Makes the records about the audit log itself.
 *
 * @param source - The columns of every record of the log.
 */
export function createSystemRecord(source: readonly Column<Numbered>[]): SystemRecord {
  const isoTime = createIsoTime();
  const record = createRecordTable<SystemFacts>([
    ...source,
    { name: "@timestamp", read: () => isoTime(Date.now()), quoted: true },
    constantColumn("audit.action", "EXECUTE"),
    constantColumn("audit.actor.id", "express-secure-api"),
    constantColumn("audit.actor.type", "system"),
    {
      name: "audit.outcome",
      read: ({ event }) => (isLoss(event) ? "failure" : "success"),
      quoted: true,
    },
    {
      name: "audit.severity",
      read: ({ event, fields }) =>
        String(fields["audit.severity"] ?? (isLoss(event) ? "ERROR" : "WARN")),
      quoted: true,
    },
    { name: "event.name", read: ({ event }) => event, quoted: true },
    ...FIELDS.map((name) => ({ name, read: ({ fields }: SystemFacts) => valueText(fields[name]) })),
  ]);

  return function systemRecord(recordId, event, fields) {
    return record({ recordId, event, fields });
  };
}

function isLoss(event: SystemEvent): boolean {
  return event === "log_dropped";
}

function valueText(value: SystemValue | undefined): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value === "number") return String(value);
  return typeof value === "string"
    ? jsonText(value)
    : `[${value.map((item) => jsonText(item)).join(",")}]`;
}
