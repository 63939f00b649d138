import { createGuard } from "../core/guard/guard.js";
import type { Middleware } from "../core/guard/middleware.js";
import { outageError } from "../core/refusal/http-error.js";
import { requestId } from "../core/refusal/problem-details.js";
import { type AuditLogOptions, readAuditLogOptions } from "./audit-log-options.js";
import { type AuditStats, AuditWriter } from "./delivery/audit-writer.js";
import { createLanes } from "./delivery/create-lanes.js";
import { FailureReport } from "./delivery/failure-report.js";
import { auditState } from "./facts/audit-state.js";
import { RecordNumbers } from "./facts/record-numbers.js";
import type { RequestFacts } from "./facts/request-facts.js";
import { createRequestRecord } from "./record/request-record.js";
import { createSourceColumns } from "./record/source-columns.js";
import { createSystemRecord, type SystemRecord } from "./record/system-record.js";
import { FrontRefusals } from "./repeats/front-refusals.js";
import { createRepeatRecord } from "./repeats/repeat-record.js";
import { RequestAudit } from "./request-audit.js";
import { RouteTemplates } from "./routes/route-templates.js";
import { StartRecord } from "./start-record.js";

const UNPROTECTED = "nothing is protected yet: every guard that this log knows only reports";

/** What {@link auditLog} returns: a middleware with a life of its own. */
export interface AuditLog extends Middleware {
  /**
   * Writes a last record, waits up to seven seconds until every sink has what it is owed, and closes the sinks. Call
   * it when the server has closed: records of requests that end after this call are lost, and counted.
   */
  close(): Promise<void>;
  /** How the audit log is doing, for a health check or a metric. */
  stats(): AuditStats;
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

/** Writes one record about the log itself. */
type Say = (
  ...record: Parameters<SystemRecord> extends [string, ...infer Rest] ? Rest : never
) => void;

/**
 * Writes one structured record per request, with every decision of the other guards in it, to the standard output, a
 * file or any winston transport. Mount it before everything else: it sees only what comes after it.
 *
 * In a flood of requests that are refused in front of every limit, such as preflights, those that are alike share a record
 * after the first hundred of a minute, with their number.
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
  const routes = new RouteTemplates();
  const requestRecord = createRequestRecord(source, settings.headers);
  const repeatRecord = createRepeatRecord(source);
  const numbers = new RecordNumbers();
  const failures = new FailureReport();
  let closing: Promise<void> | undefined;
  const writer = new AuditWriter(
    createLanes(settings.sinks, systemRecord, numbers, failures, {
      say(event, fields) {
        if (closing !== undefined) return false;
        say(event, fields);
        return true;
      },
      rotated: () => undefined,
    }),
    failures,
  );
  const say: Say = (event, fields) => writer.write(systemRecord(numbers.next(), event, fields));
  let left: readonly string[] = [];
  const start = new StartRecord((reporting, reason, unprotected) =>
    say("sys_monitor_enabled", {
      ...(unprotected ? { "audit.notice": UNPROTECTED } : {}),
      ...(left.length > 0 ? { "audit.otherwise": left } : {}),
      "audit.reason": reason,
      "audit.reporting": reporting,
    }),
  );
  const frontRefusals = new FrontRefusals((repeats) =>
    writer.write(repeatRecord(numbers.next(), repeats)),
  );
  const observers: readonly RequestObserver[] = [];
  function observe(facts: RequestFacts): void {
    for (const observer of observers) observer(facts);
  }
  const audit = new RequestAudit(
    {
      numbers,
      routes,
      requestRecord,
      systemRecord,
      frontRefusals,
      observe,
      write: (line) => writer.write(line),
      countUnmade: (error) => writer.countUnmade(error),
    },
    correlation,
    settings.except,
    (decisions) => start.atDecisions(decisions),
  );

  const middleware = guard.middleware((req, res, next) => {
    if (auditState.get(req) !== undefined) {
      guard.pass(next);
      return;
    }
    auditState.set(req, "open");
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

  function close(): Promise<void> {
    if (closing !== undefined) return closing;
    let begin: (() => void) | undefined;
    // Assigned before any work: a subscriber that hears of a failure while the log is closing may close it again.
    closing = new Promise((resolve) => {
      begin = () => {
        audit.close();
        resolve(end(writer, say, start));
      };
    });
    begin?.();
    return closing;
  }

  return {
    handler: Object.assign(middleware, { close, stats: () => writer.stats }),
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

function end(writer: AuditWriter, say: Say, start: StartRecord): Promise<void> {
  // Closed in the tick of its creation, as when another part of the preset is wrong: it has never begun.
  if (!start.cancel()) return writer.close();
  // What this loses is in the counts.
  writer.settle();
  const { records, lost } = writer.stats;
  say("sys_monitor_disabled", { "audit.lost": lost, "audit.records": records });
  return writer.close();
}
