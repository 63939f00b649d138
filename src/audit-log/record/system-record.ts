import { createIsoTime } from "../text/iso-time.js";
import { jsonText } from "../text/json-text.js";
import { type Column, constantColumn, type RecordTable } from "./record-table.js";
import type { Numbered } from "./source-columns.js";

/** What the audit log says about itself. `sys_*` are names of the OWASP logging vocabulary; it has none for losses. */
type SystemEvent = "sys_monitor_enabled" | "sys_monitor_disabled" | "log_dropped";

type SystemValue = string | number | readonly string[];

/** The members of a {@link SystemEvent} beyond the common ones. */
type SystemFields = { readonly [Name in (typeof FIELDS)[number]]?: SystemValue };

/** Writes one record about the audit log itself, as a line of JSON. */
export type SystemRecord = (recordId: string, event: SystemEvent, fields: SystemFields) => string;

interface SystemFacts extends Numbered {
  readonly event: SystemEvent;
  readonly fields: SystemFields;
}

const FIELDS = [
  "audit.lost",
  "audit.lost.since",
  "audit.notice",
  "audit.otherwise",
  "audit.reason",
  "audit.records",
  "audit.reporting",
  "audit.sink",
  "audit.unused",
  "http.request.id",
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
      read: ({ event }) => (isLoss(event) ? "failure" : "success"),
      quoted: true,
    },
    {
      name: "audit.severity",
      read: ({ event }) => (isLoss(event) ? "ERROR" : "WARN"),
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
