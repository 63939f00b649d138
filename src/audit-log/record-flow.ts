import { Alerts } from "./alerts/alerts.js";
import { createSeals } from "./chain/create-seals.js";
import { RecordStream } from "./chain/record-stream.js";
import type { Seals } from "./chain/seals.js";
import { AuditWriter } from "./delivery/audit-writer.js";
import { FailurePolicy } from "./delivery/failure-policy.js";
import { FailureReport } from "./delivery/failure-report.js";
import { stallRecord } from "./delivery/stall-record.js";
import { RecordNumbers } from "./facts/record-numbers.js";
import { SinkRecords } from "./facts/sink-records.js";
import { createLanes } from "./lanes/create-lanes.js";
import { createPrivacy, type Privacy } from "./privacy/privacy.js";
import type { AuditLogSettings } from "./read-audit-log-options.js";
import type { RecordTable } from "./record/record-table.js";
import { createSourceColumns } from "./record/source-columns.js";
import { createSystemRecord, type SystemRecord } from "./record/system-record.js";
import { createUnrecorded, type Unrecorded } from "./repeats/unrecorded.js";
import { FileTransport } from "./sinks/file-transport.js";

/** Writes one record about the log itself. */
type Say = (
  ...record: Parameters<SystemRecord> extends [string, ...infer Rest] ? Rest : never
) => void;

/** The way of the records of one log: each is numbered, chained, and handed to every sink. */
export interface RecordFlow {
  readonly stream: RecordStream;
  readonly numbers: RecordNumbers;
  readonly seals: Seals;
  readonly writer: AuditWriter;
  readonly failures: FailureReport;
  readonly policy: FailurePolicy;
  readonly alerts: Alerts | undefined;
  readonly unrecorded: Unrecorded;
  readonly privacy: Privacy;
  /** The columns of every record. */
  readonly source: ReturnType<typeof createSourceColumns>;
  readonly table: RecordTable;
  readonly systemRecord: SystemRecord;
  readonly say: Say;
}

/**
 * Makes the way of the records.
 *
 * @param enforced - Whether new requests may be refused when records are lost.
 * @param isClosing - Whether the log says nothing by itself any more.
 */
export function createRecordFlow(
  settings: Omit<AuditLogSettings, "correlation" | "idHeader">,
  enforced: boolean,
  isClosing: () => boolean,
): RecordFlow {
  const { table } = settings;
  const privacy = createPrivacy(settings.privacy);
  const numbers = new RecordNumbers();
  const stream = new RecordStream(numbers, settings.integrity !== false, {
    write: (line) => writer.write(line),
    refuse: () => writer.refuse(),
  });
  const source = [...createSourceColumns(settings.service), ...stream.columns];
  const systemRecord = createSystemRecord(source, table);
  const say: Say = (event, fields) => stream.write((id) => systemRecord(id, event, fields));
  const policy = new FailurePolicy(settings.failure, enforced);
  const unrecorded = createUnrecorded();
  const alerts = settings.alerts && new Alerts(settings.alerts, say, privacy.key);
  const failures = new FailureReport(
    (failure) => {
      alerts?.failed(failure);
      policy.onFailure(failure, writer);
    },
    () => numbers.last,
  );
  const reports = {
    stallAfter: settings.stallAfter,
    report: (...failure: Parameters<FailureReport["report"]>) => failures.report(...failure),
    reportStall(...stall: Parameters<FailureReport["reportStall"]>) {
      failures.reportStall(...stall);
      if (!writer.closed) say(...stallRecord(...stall));
    },
  };
  const files = {
    reportTrouble: (...trouble: Parameters<FailureReport["report"]>) =>
      failures.reportTrouble(...trouble),
    say(...record: Parameters<Say>) {
      if (isClosing()) return false;
      say(...record);
      // The file goes right after that, and only a sealed record says why there is a gap.
      if (record[0] === "log_expired") seals.sealSoon();
      return true;
    },
    rotated() {
      if (!isClosing()) seals.rotated();
    },
  };
  const sinkRecords =
    typeof settings.integrity === "object" ? new SinkRecords(() => seals.sealSoon()) : undefined;
  const lanes = createLanes(settings.sinks, systemRecord, numbers, sinkRecords, reports, files);
  const writer = new AuditWriter(lanes, failures);
  const seals = createSeals(settings.integrity, {
    stream,
    numbers,
    systemRecord,
    expires: settings.sinks.some((sink) => sink instanceof FileTransport && sink.expires),
    counts: () => ({ lost: writer.losses, ...unrecorded }),
    sinkRecords,
    reportFunction: (option, error) => failures.reportFunction(option, error),
  });
  return {
    stream,
    numbers,
    seals,
    writer,
    failures,
    policy,
    alerts,
    unrecorded,
    privacy,
    source,
    table,
    systemRecord,
    say,
  };
}
