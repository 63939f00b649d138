import type { BrowserReport } from "../core/decision/browser-report.js";
import type { Hints, OptionKeys } from "../core/options/option-types.js";

/** Options of {@link reportCollector}. */
export interface ReportCollectorOptions {
  /** The largest body, a size from `"1kb"` to `"1mb"`. A larger one is answered 413 `body_too_large`. @default "64kb" */
  readonly maxBytes?: string | undefined;
  /** How many reports of one request are looked at, 1 to 100. The others are counted as dropped. @default 20 */
  readonly maxReports?: number | undefined;
  /** How many new reports are recorded in a minute, 1 to 10,000. The others are counted as dropped. @default 100 */
  readonly maxPerMinute?: number | undefined;
  /**
   * For how long a report that says the same as an earlier one (the same directive, blocked origin, file and line) is
   * only counted, from `"1m"` to `"30d"`. The last 1,000 different ones are known. @default "1h"
   */
  readonly repeatAfter?: string | undefined;
  /**
   * Called with each new report. What it throws, or the promise that it returns rejects with, is ignored and counted.
   * Anybody can send reports: take them for hints, not for facts.
   */
  readonly onReport?: ((report: BrowserReport) => unknown) | undefined;
}

/** Names of {@link ReportCollectorOptions}. */
export const REPORT_COLLECTOR_OPTIONS: OptionKeys<ReportCollectorOptions> = {
  maxBytes: true,
  maxReports: true,
  maxPerMinute: true,
  repeatAfter: true,
  onReport: true,
};

/** What other packages and the other parts of this one call these options. */
export const REPORT_COLLECTOR_HINTS: Hints<ReportCollectorOptions> = {
  limit: "write maxBytes for the size of a body, maxPerMinute for the number of reports",
  maxSize: "maxBytes",
  bodyLimit: "maxBytes",
  onViolation: "onReport",
  handler: "onReport",
  path: 'mount it there: app.use("/csp-reports", reportCollector())',
  mode: "leave it out, it refuses only what is no report",
  onDenied: "leave it out, only browsers see its answers",
};
