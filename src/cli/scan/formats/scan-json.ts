import { jsonText } from "../../../route-audit/formats/escape.js";
import type { ScanReport } from "../report/scan-report.js";

/** Raised when a member goes away or changes its meaning; new members may come at any time. */
const VERSION = 1;

/** The whole report as JSON. */
export function formatScanJson(report: ScanReport): string {
  const { url, grade, score, requests, findings, unchecked, skipped } = report;
  const document = {
    format: "express-secure-api/scan",
    version: VERSION,
    url,
    grade,
    score,
    requests,
    findings: findings.map(({ rule, check, severity, title, seen, at, why, fix }) => ({
      rule,
      check,
      severity,
      title,
      seen,
      at,
      why,
      fix,
    })),
    unchecked,
    skipped,
  };
  return `${jsonText(document)}\n`;
}
