import type { LogReport } from "../../audit-log/verify/log-report.js";
import { formatVerdictJson } from "./verdict-json.js";
import { formatVerdictTable } from "./verdict-table.js";

/** How the verdict can be written. */
export const VERIFY_FORMATS = { table: formatVerdictTable, json: formatVerdictJson } as const;

export type VerifyFormatName = keyof typeof VERIFY_FORMATS;

export const VERIFY_FORMAT_NAMES = Object.keys(VERIFY_FORMATS) as readonly VerifyFormatName[];

/** What the command ends with: what was changed is worse than what is missing. */
export function exitCodeOf({ integrity, completeness }: LogReport): 0 | 1 | 2 {
  if (integrity === "tampered") return 1;
  return completeness === "complete" ? 0 : 2;
}
