import { createGuard } from "../core/guard/guard.js";
import type { Middleware } from "../core/guard/middleware.js";
import { outageError } from "../core/refusal/http-error.js";
import { requestId } from "../core/refusal/problem-details.js";
import { requestSlot } from "../core/request/request-slot.js";
import { type AuditLogOptions, readAuditLogOptions } from "./audit-log-options.js";
import { type AuditStats, AuditWriter } from "./delivery/audit-writer.js";
import { createLanes } from "./delivery/create-lanes.js";
import { createRequestRecord } from "./record/request-record.js";
import { createSourceColumns } from "./record/source-columns.js";
import { createSystemRecord, type SystemRecord } from "./record/system-record.js";
import { RequestAudit } from "./request-audit.js";
import { StartRecord } from "./start-record.js";

/** What {@link auditLog} returns: a middleware with a life of its own. */
export interface AuditLog extends Middleware {
  /**
   * Writes a last record, waits up to seven seconds until every sink has what it is owed, and closes the sinks. Call
   * it when the server has closed: records of requests that end later are lost, and counted.
   */
  close(): Promise<void>;
  /** How the audit log is doing, for a health check or a metric. */
  stats(): AuditStats;
}

/** An audit log that is part of a preset. */
export interface PresetAuditLog {
  readonly handler: AuditLog;
  /** Shows it the guards that the preset runs, so that its first record names those in report mode. */
  nameGuards(guards: readonly Middleware[]): void;
  close(): Promise<void>;
}

/** Whether an `auditLog` writes the record of the request already. */
const audited = requestSlot<true>("audited");

/**
 * Writes one structured record per request, with every decision of the other guards in it, to the standard output, a
 * file or any winston transport. Mount it before everything else: it sees only what comes after it.
 *
 * It sets the request id and the trace id of the request, and `X-Request-Id` on the response (not in report mode). A
 * record never holds bodies, cookies, credentials, query strings or validated values.
 *
 * @throws {@link OptionsError} when an option is unknown or wrong.
 */
export function auditLog(options: AuditLogOptions = {}): AuditLog {
  return createAuditLog(options).handler;
}

/**
 * Makes the audit log of a preset, which knows from the start what runs behind it.
 *
 * @throws {@link OptionsError} when an option is unknown or wrong.
 */
export function createAuditLog(options: AuditLogOptions): PresetAuditLog {
  const { correlation, failOperation, idHeader, ...settings } = readAuditLogOptions(options);
  const guard = createGuard("auditLog", "audit", settings.guard);
  const source = createSourceColumns(settings.service);
  const systemRecord = createSystemRecord(source);
  const requestRecord = createRequestRecord(source, settings.headers);
  const writer = new AuditWriter(createLanes(settings.sinks, systemRecord));
  const start = createStart(writer, systemRecord);
  const audit = new RequestAudit(
    { requestRecord, systemRecord },
    correlation,
    (line) => writer.write(line),
    (decisions) => start.atDecisions(decisions),
  );

  const middleware = guard.middleware((req, res, next) => {
    if (audited.get(req) === true) {
      guard.pass(next);
      return;
    }
    audited.set(req, true);
    start.atRequest(req.app);
    const entry = audit.open(req, res);
    requestId.set(req, entry.requestId);
    if (guard.enforced && !res.headersSent) res.setHeader(idHeader, entry.requestId);
    if (failOperation && !writer.isReliable()) {
      const error = outageError("audit_unavailable", undefined);
      guard.refuse(error, req, res, next, { reason: "sink_failed" });
    } else guard.pass(next);
  });

  start.atSetup([middleware]);

  let closing: Promise<void> | undefined;
  function close(): Promise<void> {
    closing ??= end(writer, systemRecord, start);
    return closing;
  }

  return {
    handler: Object.assign(middleware, { close, stats: () => writer.stats }),
    nameGuards: (guards) => start.atSetup(guards),
    close,
  };
}

function createStart(writer: AuditWriter, systemRecord: SystemRecord): StartRecord {
  return new StartRecord((reporting, reason) => {
    const fields = { "audit.reason": reason, "audit.reporting": reporting };
    writer.write(systemRecord("sys_monitor_enabled", fields));
  });
}

function end(writer: AuditWriter, systemRecord: SystemRecord, start: StartRecord): Promise<void> {
  // Closed in the tick of its creation, as when another part of the preset is wrong: it has never begun.
  if (!start.cancel()) return writer.close();
  const { records, lost } = writer.stats;
  const fields = { "audit.lost": lost, "audit.records": records };
  writer.write(systemRecord("sys_monitor_disabled", fields));
  return writer.close();
}
