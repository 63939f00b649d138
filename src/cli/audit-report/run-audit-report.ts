import { LogFileError } from "../../audit-log/log-files/log-file-error.js";
import { type AuditReport, GENERATOR } from "../../audit-log/report/audit-report.js";
import { standsOut } from "../../audit-log/report/stands-out.js";
import { jsonText } from "../../route-audit/formats/escape.js";
import type { CommandChannel } from "../terminal/command-channel.js";
import { CommandError } from "../terminal/command-error.js";
import { readAnchors } from "../verify-log/read-anchors.js";
import { readPublicKey } from "../verify-log/read-public-key.js";
import { formatReportPage } from "./page/format-report-page.js";
import { readLogs } from "./read-logs.js";
import type { ReportArguments } from "./report-arguments.js";
import { checkOut, writeReport } from "./write-report.js";

/**
 * Reads the log files, writes the report, and says how the command ends: 0, or 1 when the log was tampered with.
 *
 * @param now - In milliseconds since the epoch.
 * @param toTerminal - Whether the standard output is one.
 * @throws CommandError when there is no report.
 */
export async function runAuditReport(
  given: ReportArguments,
  channel: CommandChannel,
  now: number,
  toTerminal: boolean,
): Promise<0 | 1> {
  const { format, from, out, title, to, top } = given;
  if (toTerminal && out === undefined && format === "html") {
    throw new CommandError(
      "the report is a page for a browser: write --out report.html, or --format json for a terminal",
    );
  }
  // Before long work, and once more behind it.
  if (out !== undefined) checkOut(out);
  const { files, summary, chain } = await readLogs(
    given.files,
    { from: from ?? Number.NEGATIVE_INFINITY, to: to ?? Number.POSITIVE_INFINITY, most: top },
    {
      keys: given.keys.map(readPublicKey),
      anchors: await readAnchors(given.anchors).catch(asCommandError),
      maxAge: given.maxAge,
      now,
      most: top,
    },
  );
  const report: AuditReport = {
    generator: GENERATOR,
    format: 1,
    title,
    generated: new Date(now).toISOString(),
    ...(from !== undefined && { from: new Date(from).toISOString() }),
    ...(to !== undefined && { to: new Date(to).toISOString() }),
    top,
    files,
    ...(chain !== undefined && { chain }),
    standsOut: standsOut(summary, chain),
    summary,
  };
  const text = format === "html" ? formatReportPage(report) : `${jsonText(report)}\n`;
  if (out === undefined) channel.write(text);
  else {
    writeReport(out, text);
    channel.say(`${summary.lines.read} lines; the report is in ${out}`);
  }
  return chain?.integrity === "tampered" ? 1 : 0;
}

function asCommandError(error: unknown): never {
  throw error instanceof LogFileError ? new CommandError(error.message) : error;
}
