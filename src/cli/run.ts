import { type Arguments, readArguments, USAGE } from "./routes/read-arguments.js";
import { maySupervise, supervise } from "./routes/supervise.js";
import type { ScanArguments } from "./scan/scan-arguments.js";
import { terminalChannel } from "./terminal/command-channel.js";
import { lineOf } from "./terminal/command-error.js";

/**
 * Runs the command, and ends the process: 0 all is well, 1 something is to be done, 2 there is no answer. For
 * `verify-log`, 2 is an answer as well, and 3 is none.
 */
export function run(args: readonly string[]): void {
  const [command, ...rest] = args;
  if (command === "scan") void scan(rest).catch(fail);
  else if (command === "verify-log") void verifyLog(rest).catch((error) => fail(error, 3));
  else if (command === "audit-report") void auditReport(rest).catch((error) => fail(error));
  else routes(args);
}

function routes(args: readonly string[]): void {
  let read: Arguments | undefined;
  try {
    read = readArguments(args);
  } catch (error) {
    fail(error);
    return;
  }
  if (read === undefined) terminalChannel.write(USAGE);
  else if (maySupervise()) supervise(read.module, args, showsColors());
  else void auditHere(read);
}

async function auditHere(given: Arguments): Promise<void> {
  // Loaded here only: the process that supervises another needs none of it.
  const { auditApp } = await import("./routes/audit-app.js");
  await auditApp(given, showsColors(), terminalChannel);
}

async function scan(args: readonly string[]): Promise<void> {
  // Whatever happens before there is an answer.
  process.exitCode = 2;
  const { readScanArguments, SCAN_USAGE } = await import("./scan/scan-arguments.js");
  const { runScan } = await import("./scan/run-scan.js");
  const read: ScanArguments | undefined = readScanArguments(args);
  if (read === undefined) {
    terminalChannel.write(SCAN_USAGE);
    process.exitCode = 0;
  } else process.exitCode = await runScan(read, showsColors(), terminalChannel);
}

async function auditReport(args: readonly string[]): Promise<void> {
  // Whatever happens before there is a report.
  process.exitCode = 2;
  const { readReportArguments, REPORT_USAGE } = await import("./audit-report/report-arguments.js");
  const { runAuditReport } = await import("./audit-report/run-audit-report.js");
  const read = readReportArguments(args);
  if (read === undefined) {
    terminalChannel.write(REPORT_USAGE);
    process.exitCode = 0;
  } else
    process.exitCode = await runAuditReport(
      read,
      terminalChannel,
      Date.now(),
      process.stdout.isTTY,
    );
}

async function verifyLog(args: readonly string[]): Promise<void> {
  // Whatever happens before there is an answer.
  process.exitCode = 3;
  const { readVerifyArguments, VERIFY_USAGE } = await import("./verify-log/verify-arguments.js");
  const { runVerify } = await import("./verify-log/run-verify.js");
  const read = readVerifyArguments(args);
  if (read === undefined) {
    terminalChannel.write(VERIFY_USAGE);
    process.exitCode = 0;
  } else process.exitCode = await runVerify(read, showsColors(), terminalChannel);
}

function fail(error: unknown, code = 2): void {
  terminalChannel.say(lineOf(error));
  process.exitCode = code;
}

function showsColors(): boolean {
  return process.stdout.isTTY && process.stdout.hasColors();
}
