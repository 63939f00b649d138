import type { Column } from "../record/record-table.js";
import type { ColumnValues, ReadText } from "./column-values.js";
import type { NestedColumn } from "./nest-columns.js";
import { EVENT_LOG_ACTIVITY, type OcsfClass, ocsfClass } from "./ocsf-class.js";

const SEVERITIES: Readonly<Record<string, number>> = { INFO: 1, WARN: 3, ERROR: 4, CRITICAL: 5 };
const STATUSES: Readonly<Record<string, number>> = { success: 1, failure: 2, unknown: 0 };

/** The class of the record that is being written. */
export function readClass<Facts>(values: ColumnValues<Facts>): (facts: Facts) => OcsfClass {
  const name = values.text("event.name");
  const action = values.text("audit.action");
  return (facts) => ocsfClass(name(facts) ?? "", action(facts));
}

/** What every event has: class, activity, severity, status, times and metadata. */
export function ocsfBase<Facts>(values: ColumnValues<Facts>): readonly NestedColumn<Facts>[] {
  const classOf = readClass(values);
  const severity = values.text("audit.severity");
  const outcome = values.text("audit.outcome");
  const duration = values.whole("duration_us");
  const status = values.whole("http.response.status_code");
  return [
    top(whole("activity_id", (facts) => classOf(facts).activity)),
    top(text("activity_name", (facts) => classOf(facts).activityName)),
    top(whole("category_uid", (facts) => Math.floor(classOf(facts).uid / 1000))),
    top(whole("class_uid", (facts) => classOf(facts).uid)),
    top(
      whole("type_uid", (facts) => {
        const { uid, activity } = classOf(facts);
        return uid * 100 + activity;
      }),
    ),
    top(whole("severity_id", (facts) => SEVERITIES[severity(facts) ?? ""] ?? 0)),
    top(whole("status_id", (facts) => STATUSES[outcome(facts) ?? ""] ?? 0)),
    top(text("status_detail", values.text("audit.reason"))),
    top(text("status_code", (facts) => status(facts)?.toString())),
    top(whole("time", milliseconds(values.text("@timestamp")))),
    top(
      whole("duration", (facts) => {
        const microseconds = duration(facts);
        return microseconds === undefined ? undefined : Math.round(microseconds / 1000);
      }),
    ),
    top(whole("count", values.whole("audit.repeat.count"))),
    top(whole("start_time", milliseconds(values.text("audit.repeat.first")))),
    top(whole("end_time", milliseconds(values.text("audit.repeat.last")))),
    top(text("log_provider", (facts) => isOfLog(classOf(facts)))),
    inMetadata(text("correlation_uid", values.text("http.request.id"))),
    inMetadata(text("event_code", values.text("event.name"))),
    inMetadata(whole("logged_time", milliseconds(values.text("observed_timestamp")))),
    inMetadata(text("uid", values.text("audit.record.id"))),
  ];
}

export function text<Facts>(name: string, read: ReadText<Facts>): Column<Facts> {
  return { name, read, quoted: true };
}

export function whole<Facts>(
  name: string,
  read: (facts: Facts) => number | undefined,
): Column<Facts> {
  return { name, read, whole: true };
}

function top<Facts>(column: Column<Facts>): NestedColumn<Facts> {
  return { within: [], column };
}

function inMetadata<Facts>(column: Column<Facts>): NestedColumn<Facts> {
  return { within: ["metadata"], column };
}

function isOfLog({ uid }: OcsfClass): string | undefined {
  return uid === EVENT_LOG_ACTIVITY ? "express-secure-api" : undefined;
}

/** Times are milliseconds since 1970. */
function milliseconds<Facts>(read: ReadText<Facts>): (facts: Facts) => number | undefined {
  return (facts) => {
    const time = read(facts);
    return time === undefined ? undefined : Date.parse(time);
  };
}
