import type { NextFunction, Request, RequestHandler, Response } from "express";
import { callObserver } from "../core/calls/follow.js";
import { MountingError } from "../core/calls/mounting-error.js";
import type { BrowserReport } from "../core/decision/browser-report.js";
import { createGuard } from "../core/guard/guard.js";
import type { Middleware } from "../core/guard/middleware.js";
import { readOptions } from "../core/options/options-reader.js";
import { isPreflight } from "./cors/cors-policy.js";
import { readReportBody } from "./csp-reports/read-report-body.js";
import { readReports } from "./csp-reports/read-reports.js";
import { answerReportPreflight, shareWithReporter } from "./csp-reports/report-cors.js";
import { ReportTable } from "./csp-reports/report-table.js";
import {
  REPORT_COLLECTOR_HINTS,
  REPORT_COLLECTOR_OPTIONS,
  type ReportCollectorOptions,
} from "./report-collector-options.js";

/** What a collector has received since it was made. Each report counts once. */
export interface ReportCounts {
  readonly recorded: number;
  /** They said what was recorded already. */
  readonly repeated: number;
  /** The request, or the minute, had too many. */
  readonly dropped: number;
  /** About extensions of the browser, or no reports at all. */
  readonly ignored: number;
  /** How often `onReport` failed. */
  readonly failed: number;
}

/** What {@link reportCollector} returns. */
export type ReportCollector = Middleware & { readonly counts: () => ReportCounts };

const NO_PATH =
  'reportCollector must be mounted at a path of its own: app.use("/csp-reports", reportCollector())';

/**
 * Receives what browsers report about pages: violations of a content policy, by `report-to` or `report-uri`, and all other
 * types of the Reporting API. Mount it at a path: `app.use("/csp-reports", reportCollector())`.
 *
 * Answers POST with 204 whatever the reports say, and the CORS preflight of pages of other origins; 415
 * `unsupported_media_type` or `unsupported_content_encoding`, 413 `body_too_large`, 400 `malformed_json` or
 * `malformed_body` to what no browser sends. Other methods go on to the app. It authenticates nobody, because browsers
 * report without credentials: anybody can send reports, so they are bounded, and none is proof of anything.
 *
 * New reports are recorded with the request, for `auditLog`, and given to `onReport`; known ones are counted. Query,
 * fragment and user information of each URL are taken off, since they may hold tokens.
 *
 * @throws {@link OptionsError} when an option is unknown or wrong.
 * @see https://www.w3.org/TR/reporting-1/#media-type
 */
export function reportCollector(options: ReportCollectorOptions = {}): ReportCollector {
  const reader = readOptions<ReportCollectorOptions>(
    "reportCollector",
    options,
    REPORT_COLLECTOR_OPTIONS,
    REPORT_COLLECTOR_HINTS,
    "reportCollector()",
  );
  const maxBytes = reader.size("maxBytes", { default: "64kb", min: "1kb", max: "1mb" });
  const maxReports = reader.integer("maxReports", { default: 20, min: 1, max: 100 });
  const table = new ReportTable({
    maxPerMinute: reader.integer("maxPerMinute", { default: 100, min: 1, max: 10_000 }),
    repeatAfter: reader.duration("repeatAfter", { default: "1h", min: "1m", max: "30d" }),
  });
  const onReport = reader.function<(report: BrowserReport) => unknown>("onReport");
  reader.finish();

  const guard = createGuard("reportCollector", "validation", {
    mode: "enforce",
    onDenied: "respond",
  });
  const counts = { recorded: 0, repeated: 0, dropped: 0, ignored: 0, failed: 0 };
  const fail = (): void => {
    counts.failed += 1;
  };

  const collect = guard.middleware((req, res, next) => {
    // At the root it would take every POST of the app for a report.
    if (req.baseUrl === "" && req.route === undefined) throw new MountingError(NO_PATH);
    if (isPreflight(req)) answerReportPreflight(guard, req, res);
    else if (req.method === "POST") {
      shareWithReporter(req, res);
      readReportBody(guard, maxBytes, req, res, next, (body) => receive(body, req, res));
    } else guard.pass(next);
  });

  function receive(body: unknown, req: Request, res: Response): void {
    const { recorded, ...rest } = table.receive(readReports(body, maxReports));
    counts.recorded += recorded.length;
    counts.repeated += rest.repeated;
    counts.dropped += rest.dropped;
    counts.ignored += rest.ignored;
    const reports = Object.freeze({
      recorded: Object.freeze(recorded.map(withoutSample)),
      ...rest,
    });
    guard.allow(req, { reason: "reports_received", reports });
    res.statusCode = 204;
    res.end();
    if (onReport !== undefined)
      for (const report of recorded) callObserver(() => onReport(report), fail);
  }

  // Without the brand of a guard: it protects nothing, and answers by itself.
  const reportCollectorMiddleware: RequestHandler = (req, res, next: NextFunction) =>
    collect(req, res, next);
  return Object.assign(reportCollectorMiddleware as Middleware, {
    counts: () => Object.freeze({ ...counts }),
  });
}

function withoutSample({ sample: _sample, ...report }: BrowserReport): BrowserReport {
  return Object.freeze(report);
}
