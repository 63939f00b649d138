import { createIsoTime } from "../text/iso-time.js";
import { jsonText, optionalText } from "../text/json-text.js";
import { type Column, constantColumn, type RecordTable } from "./record-table.js";
import type { Numbered } from "./source-columns.js";

/**
 * What the audit log says about itself. `sys_*` are names of the OWASP logging vocabulary; it has none for what else
 * happens to a log.
 */
type SystemEvent =
  | "sys_monitor_enabled"
  | "sys_monitor_disabled"
  | "log_checkpoint"
  | "log_dropped"
  | "log_expired"
  | "log_key"
  | "log_recovered"
  | "log_segment"
  | "log_stalled"
  | AlertEvent;

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

type SystemValue = string | number | boolean | readonly (string | number)[];

/** The members of a {@link SystemEvent} beyond the common ones. */
export type SystemFields = {
  readonly [Name in (typeof OTHERS)[number]]?: SystemValue;
} & {
  readonly [Name in (typeof TEXTS)[number] | "audit.severity"]?: string;
};

/** Writes one record about the audit log itself, as a line of JSON. */
export type SystemRecord = (recordId: string, event: SystemEvent, fields: SystemFields) => string;

interface SystemFacts extends Numbered {
  readonly event: SystemEvent;
  readonly fields: SystemFields;
}

/** Other schemas derive members of their own from texts. */
const TEXTS = [
  "audit.alert.event",
  "audit.alert.first",
  "audit.alert.key",
  "audit.alert.key_kind",
  "audit.alert.last",
  "audit.alert.touched",
  "audit.alert.window",
  "audit.checkpoint.certificate",
  "audit.checkpoint.next_key",
  "audit.checkpoint.public_key",
  "audit.checkpoint.signature",
  "audit.expired.file",
  "audit.lost.since",
  "audit.notice",
  "audit.previous.hash",
  "audit.previous.stream_id",
  "audit.reason",
  "audit.segment.hash",
  "audit.segment.previous",
  "audit.sink.name",
  "client.address",
  "http.request.id",
  "http.route",
  "security_rule.category",
  "security_rule.name",
] as const;

/** Numbers, lists, and what is either there or not. */
const OTHERS = [
  "audit.aggregated",
  "audit.alert.count",
  "audit.alert.requests",
  "audit.alert.suppressed",
  "audit.alert.threshold",
  "audit.checkpoint.aggregated",
  "audit.checkpoint.anchor_failures",
  "audit.checkpoint.epoch",
  "audit.checkpoint.lost",
  "audit.checkpoint.records",
  "audit.checkpoint.sampled_out",
  "audit.checkpoint.sink_records",
  "audit.expired.streams",
  "audit.lost.count",
  "audit.lost.first",
  "audit.lost.last",
  "audit.otherwise",
  "audit.previous.number",
  "audit.previous.torn",
  "audit.records",
  "audit.reporting",
  "audit.sampled_out",
  "audit.segment.number",
  "audit.sequence.end",
  "audit.sink.position",
  "audit.unused",
] as const;

/**
 * Makes the records about the audit log itself.
 *
 * @param source - The columns of every record of the log.
 * @param table - Writes them in the schema of the log.
 */
export function createSystemRecord(
  source: readonly Column<Numbered>[],
  table: RecordTable,
): SystemRecord {
  const isoTime = createIsoTime();
  const record = table<SystemFacts>([
    ...source,
    { name: "@timestamp", read: () => isoTime(Date.now()), quoted: true },
    constantColumn("audit.action", "EXECUTE"),
    constantColumn("audit.actor.id", "express-secure-api"),
    constantColumn("audit.actor.type", "system"),
    {
      name: "audit.outcome",
      read: (facts) => (isFailure(facts) ? "failure" : "success"),
      quoted: true,
    },
    {
      name: "audit.severity",
      read: severityOf,
      quoted: true,
    },
    { name: "event.name", read: ({ event }) => event, quoted: true },
    ...TEXTS.map((name) => ({
      name,
      read: ({ fields }: SystemFacts) => optionalText(fields[name]),
      quoted: true,
    })),
    ...OTHERS.map((name) => ({ name, read: ({ fields }: SystemFacts) => valueText(fields[name]) })),
  ]);

  return function systemRecord(recordId, event, fields) {
    return record({ recordId, event, fields });
  };
}

function isFailure({ event, fields }: SystemFacts): boolean {
  switch (event) {
    case "log_dropped":
    case "log_stalled":
      return true;
    case "log_key":
      // Without a certificate it says why there is none.
      return fields["audit.checkpoint.certificate"] === undefined;
    default:
      return false;
  }
}

function severityOf(facts: SystemFacts): string {
  const given = facts.fields["audit.severity"];
  if (given !== undefined) return given;
  if (isFailure(facts)) return "ERROR";
  return facts.event === "log_checkpoint" || facts.event === "log_key" ? "INFO" : "WARN";
}

function valueText(value: SystemValue | undefined): string | undefined {
  if (value === undefined) return undefined;
  return typeof value === "object" ? `[${value.map(itemText).join(",")}]` : itemText(value);
}

function itemText(item: string | number | boolean): string {
  return typeof item === "string" ? jsonText(item) : String(item);
}
