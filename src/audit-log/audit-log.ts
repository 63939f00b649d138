import type { Server } from "node:net";
import type { NextFunction, Request, Response } from "express";
import { createGuard } from "../core/guard/guard.js";
import type { Middleware } from "../core/guard/middleware.js";
import { outageError } from "../core/refusal/http-error.js";
import { requestId } from "../core/refusal/problem-details.js";
import type { AuditEventDetails, AuditEventName } from "./audit-event.js";
import type { AuditFields } from "./audit-fields.js";
import type { AuditLogOptions } from "./audit-log-options.js";
import { previousFields } from "./chain/previous-stream.js";
import type { AfterRecord, MakeRecord } from "./chain/record-stream.js";
import type { Seals } from "./chain/seals.js";
import { ConnectionLog } from "./connections/connection-log.js";
import { createConnectionRecord } from "./connections/connection-record.js";
import { runInContext } from "./correlation/request-context.js";
import type { AuditHealth } from "./delivery/audit-health.js";
import type { AuditStats, AuditWriter } from "./delivery/audit-writer.js";
import { warnOfFormats } from "./delivery/warn-of-formats.js";
import { AppEvents } from "./events/app-events.js";
import { createEventRecord } from "./events/event-record.js";
import { auditState } from "./facts/audit-state.js";
import type { RequestFacts } from "./facts/request-facts.js";
import { readAuditLogOptions } from "./read-audit-log-options.js";
import { createRequestColumns, createRequestRecord } from "./record/request-columns.js";
import { createRecordFlow } from "./record-flow.js";
import { Refusals } from "./repeats/refusals.js";
import { createRepeatRecord } from "./repeats/repeat-record.js";
import type { Unrecorded } from "./repeats/unrecorded.js";
import { RequestAudit } from "./requests/request-audit.js";
import { StartRecord } from "./requests/start-record.js";
import { RouteTemplates } from "./routes/route-templates.js";
import { SuccessSample } from "./sampling/success-sample.js";

const UNPROTECTED = "nothing is protected yet: every guard that this log knows only reports";

/** What {@link auditLog} returns: a middleware with a life of its own. */
export interface AuditLog extends Middleware {
  /**
   * Writes a last record, waits up to seven seconds until every sink has what it is owed, and closes the sinks. Call
   * it when the server has closed: records of requests that end after this call are lost, and counted. With `sign` or
   * `onCheckpoint` of `integrity` it also waits for what they are busy with, up to five seconds each.
   */
  close(): Promise<void>;
  /** How the audit log is doing, in numbers, for a metric. */
  stats(): AuditStats;
  /** How the audit log is doing, for a health check: `readyz({ checks: { audit: () => audit.health() } })`. */
  health(): AuditHealth;
  /**
   * Waits up to five seconds until every sink has the records that were made before the call, as before a serverless
   * function is frozen. It rejects when one lacks some, and names it; nobody has to handle that.
   */
  flush(): Promise<void>;
  /**
   * Records what happens on the connections of a server of `node:http`, `node:https` or `node:http2` and never reaches a
   * middleware: requests that are no HTTP, too large or too slow, failed handshakes, dropped requests and connections, and
   * upgrades. It answers nothing and changes nothing about how Node or the app answer. Twice is once; `close()` ends it.
   *
   * @throws {@link OptionsError} when it is no server.
   */
  attachServer(server: Server): void;
  /**
   * Records an event of the app as {@link auditEvent} does: in this log, whichever recorded the request, and with `null`
   * also where there is none, as in a job. A request that this log does not record is as good as `null`.
   */
  event(
    req: Request | null,
    name: AuditEventName,
    fields?: AuditFields,
    details?: AuditEventDetails,
  ): boolean;
}

/** An audit log that is part of a preset. */
export interface PresetAuditLog {
  readonly handler: AuditLog;
  /**
   * Shows it the guards that the preset runs, so that its first record names those in report mode.
   *
   * @param otherwise - What the rows of a table leave to its rule for everything else: `/admin/* except GET, HEAD`.
   */
  nameGuards(guards: readonly Middleware[], otherwise: readonly string[]): void;
  /** Writes a record that names rows of a table that cover no route of the app. */
  nameUnused(patterns: readonly string[]): void;
  close(): Promise<void>;
}

/** Of more patterns, the rest is left out: a record has a bound. */
const MAX_UNUSED = 100;

/** Is shown every request when its answer is over, in front of its record. Must not throw. */
type RequestObserver = (facts: RequestFacts) => void;

/**
 * Writes one structured record per request, with every decision of the other guards in it, to the standard output, a
 * file or any winston transport. Mount it before everything else: it sees only what comes after it.
 *
 * In a flood of refusals, those that are alike share a record after the first hundred of a minute, with their number.
 *
 * It sets the request id and the trace id of the request, and `X-Request-Id` on the response (not in report mode). A
 * record never holds bodies, cookies, credentials or validated values, and of query strings only what `fields.query` allows.
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
  const { correlation, idHeader, ...settings } = readAuditLogOptions(options);
  const guard = createGuard("auditLog", "audit", settings.guard);
  if (typeof settings.integrity === "object") warnOfFormats(settings.sinks);
  let closing: Promise<void> | undefined;
  const flow = createRecordFlow(settings, guard.enforced, () => closing !== undefined);
  const { stream, seals, writer, policy, alerts, unrecorded, say } = flow;
  const { source, table, systemRecord, privacy } = flow;
  const routes = new RouteTemplates();
  const columns = createRequestColumns(source, settings.fields, privacy);
  const repeatRecord = createRepeatRecord(source, privacy, table);
  let left: readonly string[] = [];
  const start = new StartRecord((reporting, reason, unprotected) => {
    const isFirst = reason === "started";
    say("sys_monitor_enabled", {
      ...(isFirst ? { ...seals.firstFields, ...previousFields(settings.sinks) } : {}),
      ...(unprotected ? { "audit.notice": UNPROTECTED } : {}),
      ...(left.length > 0 ? { "audit.otherwise": left } : {}),
      "audit.reason": reason,
      "audit.reporting": reporting,
    });
    if (isFirst) seals.begin();
  });
  stream.beginWith(start.flush);
  const refusals = new Refusals(
    (repeats) => stream.write((id) => repeatRecord(id, repeats)),
    unrecorded,
  );
  const { metrics } = settings;
  const detachMetrics = metrics?.attach({
    stats: () => writer.stats,
    failures: () => flow.failures.bySink,
  });
  const observers: readonly RequestObserver[] = [
    ...(alerts === undefined ? [] : [(facts: RequestFacts) => alerts.observe(facts)]),
    ...(metrics === undefined ? [] : [(facts: RequestFacts) => metrics.observe(facts)]),
  ];
  function observe(facts: RequestFacts): void {
    for (const observer of observers) observer(facts);
  }
  const makers = {
    routes,
    requestRecord: createRequestRecord(columns, settings.fields.maxRecordBytes, table),
    eventRecord: createEventRecord(source, columns, settings.fields.maxRecordBytes, table),
    systemRecord,
    refusals,
    sample: settings.sample && new SuccessSample(settings.sample, unrecorded),
    observe,
    observeEvent: (facts: RequestFacts) => alerts?.observeEvent(facts),
    write: (make: MakeRecord, after?: AfterRecord) => stream.write(make, after),
    countUnmade: (error: unknown) => writer.countUnmade(error),
  };
  const events = new AppEvents(makers);
  const connectionRecord = createConnectionRecord(source, privacy, table);
  const connections = new ConnectionLog(connectionRecord, makers.write, (event, address) =>
    alerts?.observeConnection(event, address),
  );
  const audit = new RequestAudit(makers, correlation, settings.except, (decisions) =>
    start.atDecisions(decisions),
  );

  function admit(req: Request, res: Response, next: NextFunction): void {
    if (policy.refuses(req, writer)) {
      const error = outageError("audit_unavailable", undefined);
      guard.refuse(error, req, res, next, { reason: "sink_failed" });
    } else guard.pass(next);
  }

  const middleware = guard.middleware((req, res, next) => {
    if (auditState.get(req) !== undefined) {
      guard.pass(next);
      return;
    }
    auditState.set(req, "open");
    start.atRequest(req.app);
    const entry = audit.open(req, res);
    requestId.set(req, entry.requestId);
    events.open(req, entry);
    if (guard.enforced && !res.headersSent) res.setHeader(idHeader, entry.requestId);
    if (settings.context) runInContext(req, res, entry, () => admit(req, res, next));
    else admit(req, res, next);
  });

  start.atSetup([middleware]);

  function close(): Promise<void> {
    if (closing !== undefined) return closing;
    let begin: (() => void) | undefined;
    // Assigned before any work: a subscriber that hears of a failure while the log is closing may close it again.
    closing = new Promise((resolve) => {
      begin = () => {
        audit.close();
        events.close();
        connections.close();
        alerts?.close();
        detachMetrics?.();
        resolve(end(writer, seals, start, unrecorded));
      };
    });
    begin?.();
    return closing;
  }

  function statsNow(): AuditStats {
    return { ...writer.stats, stream: flow.numbers.stream, lastNumber: flow.numbers.last };
  }

  return {
    handler: Object.assign(middleware, {
      close,
      stats: statsNow,
      health() {
        // An instance that gets no requests because of this answer would never find out that its disk has room again.
        writer.probe();
        return writer.health(policy.isRefusing(writer));
      },
      flush: () => writer.flush(),
      attachServer: (server: Server) => connections.attach(server),
      event: (...[req, name, fields, details]: Parameters<AuditLog["event"]>) =>
        events.record(req, name, fields, details),
    }),
    nameGuards(guards, otherwise) {
      left = otherwise;
      start.atSetup(guards);
    },
    nameUnused(patterns) {
      if (closing !== undefined || patterns.length === 0) return;
      const reason = "unused_rows";
      const unused = patterns.slice(0, MAX_UNUSED);
      say("sys_monitor_enabled", { "audit.reason": reason, "audit.unused": unused });
    },
    close,
  };
}

async function end(
  writer: AuditWriter,
  seals: Seals,
  start: StartRecord,
  { sampledOut, aggregated }: Unrecorded,
): Promise<void> {
  // Closed in the tick of its creation, as when another part of the preset is wrong: it has never begun.
  if (!start.cancel()) return writer.close();
  if (seals.ready !== undefined) await seals.ready;
  // What this loses is in the counts.
  writer.settle();
  const { records, lost } = writer.stats;
  seals.end({
    ...(aggregated === 0 ? {} : { "audit.aggregated": aggregated }),
    "audit.lost.count": lost,
    "audit.records": records,
    ...(sampledOut === 0 ? {} : { "audit.sampled_out": sampledOut }),
  });
  await writer.close();
  await seals.told();
}
