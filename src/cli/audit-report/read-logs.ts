import { LogFileError } from "../../audit-log/log-files/log-file-error.js";
import { readLogFile } from "../../audit-log/log-files/read-log-file.js";
import type { LogInput } from "../../audit-log/report/audit-report.js";
import type { ChainStatus } from "../../audit-log/report/chain-status.js";
import {
  createLogSummary,
  type LogSummarySettings,
} from "../../audit-log/report/create-log-summary.js";
import type { LogSummary } from "../../audit-log/report/log-summary.js";
import { CommandError } from "../terminal/command-error.js";
import { ChainCheck, type ChainSettings } from "./chain-check.js";

/** What was found in the files. */
export interface ReadLogs {
  readonly files: readonly LogInput[];
  readonly summary: LogSummary;
  /** Absent when there is no record. */
  readonly chain: ChainStatus | undefined;
}

/**
 * Reads all files, one after the other, and keeps none of their lines.
 *
 * @throws CommandError when one cannot be read.
 */
export async function readLogs(
  names: readonly string[],
  settings: LogSummarySettings,
  chainSettings: ChainSettings,
): Promise<ReadLogs> {
  const builder = createLogSummary(settings);
  const check = new ChainCheck(names, chainSettings);
  const files: LogInput[] = [];
  try {
    for (const [index, file] of names.entries()) {
      const shown = file === "-" ? "standard input" : file;
      const facts = await readLogFile(file, {
        line(bytes, number, ended) {
          check.line(bytes, index, number, ended);
          builder.line(bytes.toString("utf8"), () => `${shown}:${number}`);
        },
        longLine(number, bytes) {
          check.longLine(index, number, bytes);
          builder.unreadable(() => `${shown}:${number}`);
        },
      });
      check.endFile(index, facts);
      files.push({ file, ...facts });
    }
    return { files, summary: builder.result(), chain: await check.result() };
  } catch (error) {
    throw error instanceof LogFileError ? new CommandError(error.message) : error;
  }
}
