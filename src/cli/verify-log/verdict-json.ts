import type { LogReport } from "../../audit-log/verify/log-report.js";
import { jsonText } from "../../route-audit/formats/escape.js";

/** Raised when a member goes away or changes its meaning; new members may come at any time. */
const VERSION = 1;

/** The whole report as JSON. */
export function formatVerdictJson(report: LogReport): string {
  return `${jsonText({ format: "express-secure-api/verify-log", version: VERSION, ...report })}\n`;
}
