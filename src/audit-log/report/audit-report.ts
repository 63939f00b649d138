import type { LogFileFacts } from "../log-files/read-log-file.js";
import type { ChainStatus } from "./chain-status.js";
import type { LogSummary } from "./log-summary.js";
import type { Remark } from "./stands-out.js";

/** What made a report. A report may be replaced by a newer one, and nothing else is. */
export const GENERATOR = "express-secure-api audit-report";

/** Everything that a report about log files says. It is plain data, and the form of the report in JSON. */
export interface AuditReport {
  readonly generator: typeof GENERATOR;
  /** The version of this form. */
  readonly format: 1;
  readonly title: string;
  /** When it was made. */
  readonly generated: string;
  /** The time that was asked for: absent without a bound. */
  readonly from?: string;
  readonly to?: string;
  /** How many rows each list has at most. */
  readonly top: number;
  readonly files: readonly LogInput[];
  /** Absent when the chain was not checked. */
  readonly chain?: ChainStatus;
  readonly standsOut: readonly Remark[];
  readonly summary: LogSummary;
}

/** A file that was read. */
export interface LogInput extends LogFileFacts {
  /** As it was named; `-` is the standard input. */
  readonly file: string;
}
