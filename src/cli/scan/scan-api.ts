import { randomBytes } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import { auditTls as auditTlsOf } from "../../server/audit-tls.js";
import { CommandError } from "../terminal/command-error.js";
import { checkAnswers, checkCaching, checkCookies } from "./checks/answer-checks.js";
import { checkCors } from "./checks/cors-checks.js";
import { checkErrors } from "./checks/error-checks.js";
import { checkHeaders } from "./checks/header-checks.js";
import { checkMethods } from "./checks/method-checks.js";
import { sampleAnswers } from "./checks/sample-answers.js";
import type { ScanContext } from "./checks/scan-context.js";
import { checkTransport } from "./checks/transport-checks.js";
import type { Answer } from "./client/answer.js";
import { type Credentials, createProbeClient, type ProbeClient } from "./client/probe-client.js";
import { gradeOf } from "./report/grade.js";
import { createScanNotes } from "./report/scan-notes.js";
import type { ScanReport } from "./report/scan-report.js";
import type { ScanArguments } from "./scan-arguments.js";

const RETRY_MS = 250;
const NO_CREDENTIALS: Credentials = { headers: {}, secrets: [] };

/** What of the arguments concerns the scan. */
export type ScanSettings = Pick<
  ScanArguments,
  "target" | "paths" | "origin" | "httpPort" | "waitMs"
>;

/**
 * Scans an API.
 *
 * @throws CommandError when it does not answer.
 */
export async function scanApi(
  { target, paths, origin, httpPort, waitMs }: ScanSettings,
  credentials: Credentials | undefined,
  auditTls: ScanContext["auditTls"] = auditTlsOf,
): Promise<ScanReport> {
  const { first, client } = await firstAnswer(target, credentials ?? NO_CREDENTIALS, waitMs);
  const context: ScanContext = {
    target,
    client,
    notes: createScanNotes(credentials?.secrets ?? []),
    paths,
    origin,
    httpPort,
    hasCredentials: credentials !== undefined,
    mark: `scan-${randomBytes(5).toString("hex")}`,
    auditTls,
  };
  const samples = await sampleAnswers(context, first);
  const { notes } = context;
  checkHeaders(samples, notes);
  checkErrors(context, samples);
  checkAnswers(samples, notes);
  checkCookies(context, samples);
  checkCaching(context, samples);
  await checkMethods(context, samples);
  await checkTransport(context, samples);
  await checkCors(context, samples);
  const findings = notes.findings();
  const unchecked = notes.uncheckedParts();
  return {
    url: target.origin + (target.path.split("?")[0] ?? ""),
    ...gradeOf(findings, unchecked),
    requests: client.sent,
    findings,
    unchecked,
    skipped: notes.skippedParts(),
  };
}

/** Waits for a server that starts. What stands in front of one says 502, 503 or 504 until it is there. */
async function firstAnswer(
  target: ScanSettings["target"],
  credentials: Credentials,
  waitMs: number,
): Promise<{ readonly first: Answer; readonly client: ProbeClient }> {
  const end = Date.now() + waitMs;
  for (;;) {
    // Waiting is not scanning: the bounds of the scan begin with the attempt that succeeds.
    const client = createProbeClient(target, credentials);
    const answer = await client.send({ method: "GET", path: target.path });
    const isThere = !("failed" in answer) && ![502, 503, 504].includes(answer.status);
    if (isThere) return { first: answer, client };
    if (Date.now() >= end) {
      const why = "failed" in answer ? answer.failed : `it answered ${answer.status}`;
      throw new CommandError(`${target.origin} cannot be scanned: ${why}`);
    }
    await wait(RETRY_MS);
  }
}
