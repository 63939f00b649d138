import type { CommandChannel } from "../terminal/command-channel.js";
import { writeOut } from "../terminal/write-out.js";
import { SCAN_FORMATS } from "./format-scan.js";
import { readHeaderFile } from "./read-header-file.js";
import { GRADES, type ScanReport } from "./report/scan-report.js";
import { scanApi } from "./scan-api.js";
import type { ScanArguments } from "./scan-arguments.js";

/**
 * Scans, writes the report, and says how the command ends: 0 the grade is good enough, 1 it is not.
 *
 * @throws CommandError when there is no answer.
 */
export async function runScan(
  given: ScanArguments,
  color: boolean,
  channel: CommandChannel,
): Promise<0 | 1> {
  const credentials = given.headerFile === undefined ? undefined : readHeaderFile(given.headerFile);
  const report = await scanApi(given, credentials);
  const text = SCAN_FORMATS[given.format](report, given.out === undefined && color);
  if (given.out === undefined) channel.write(text);
  else {
    writeOut(given.out, text);
    channel.say(`grade ${report.grade}; written to ${given.out}`);
  }
  return isWorse(report, given) ? 1 : 0;
}

function isWorse({ grade }: ScanReport, { failUnder }: ScanArguments): boolean {
  return GRADES.indexOf(grade) > GRADES.indexOf(failUnder);
}
