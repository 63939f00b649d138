import { LogFileError } from "../../audit-log/log-files/log-file-error.js";
import { readLogFile } from "../../audit-log/log-files/read-log-file.js";
import type { LogInput } from "../../audit-log/report/audit-report.js";
import {
  createLogSummary,
  type LogSummarySettings,
} from "../../audit-log/report/create-log-summary.js";
import type { LogSummary } from "../../audit-log/report/log-summary.js";
import { CommandError } from "../terminal/command-error.js";

/** What was found in the files. */
export interface ReadLogs {
  readonly files: readonly LogInput[];
  readonly summary: LogSummary;
}

/**
 * Reads all files once, one after the other, and keeps none of their lines.
 *
 * @throws CommandError when one cannot be read.
 */
export async function readLogs(
  names: readonly string[],
  settings: LogSummarySettings,
): Promise<ReadLogs> {
  const builder = createLogSummary(settings);
  const files: LogInput[] = [];
  for (const file of names) {
    const shown = file === "-" ? "standard input" : file;
    const facts = await readLogFile(file, {
      line: (bytes, number) => builder.line(bytes.toString("utf8"), () => `${shown}:${number}`),
      longLine: (number) => builder.unreadable(() => `${shown}:${number}`),
    }).catch(asCommandError);
    files.push({ file, ...facts });
  }
  return { files, summary: builder.result() };
}

function asCommandError(error: unknown): never {
  throw error instanceof LogFileError ? new CommandError(error.message) : error;
}
