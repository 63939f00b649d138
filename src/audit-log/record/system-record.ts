import { isoTime } from "../text/iso-time.js";
import { jsonText } from "../text/json-text.js";
import { type RecordSource, SCHEMA_VERSION } from "./record-source.js";

/** What the audit log says about itself. `sys_*` are names of the OWASP logging vocabulary; it has none for losses. */
export type SystemEvent = "sys_monitor_enabled" | "sys_monitor_disabled" | "log_dropped";

/** The members of a {@link SystemEvent} beyond the common ones. */
export type SystemFields = Readonly<Record<string, string | number | readonly string[]>>;

/** One record about the audit log itself, as a line of JSON with sorted keys. */
export function systemRecord(
  source: RecordSource,
  event: SystemEvent,
  fields: SystemFields,
): string {
  const now = isoTime(Date.now());
  const lost = event === "log_dropped";
  const members = [
    `"@timestamp":"${now}"`,
    '"audit.action":"EXECUTE"',
    '"audit.actor.id":"express-secure-api"',
    '"audit.actor.type":"system"',
    `"audit.outcome":"${lost ? "failure" : "success"}"`,
    `"audit.record.id":"${source.nextId()}"`,
    `"audit.schema.version":"${SCHEMA_VERSION}"`,
    `"audit.severity":"${lost ? "ERROR" : "WARN"}"`,
    `"event.name":"${event}"`,
    `"observed_timestamp":"${now}"`,
    source.service,
  ];
  for (const [name, value] of Object.entries(fields)) members.push(`"${name}":${valueText(value)}`);
  // The order of code units, as RFC 8785 §3.2.3 asks: the quote behind a name sorts before any other character of one.
  return `{${members.sort().join(",")}}`;
}

function valueText(value: SystemFields[string]): string {
  if (typeof value === "number") return String(value);
  return typeof value === "string"
    ? jsonText(value)
    : `[${value.map((item) => jsonText(item)).join(",")}]`;
}
