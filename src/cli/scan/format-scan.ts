import { formatScanHtml } from "./formats/scan-html.js";
import { formatScanJson } from "./formats/scan-json.js";
import { formatScanSarif } from "./formats/scan-sarif.js";
import { formatScanTable } from "./formats/scan-table.js";
import type { ScanReport } from "./report/scan-report.js";

/** What one format makes of a report; the last line ends with a newline. */
export type ScanFormat = (report: ScanReport, color: boolean) => string;

/** Every form that a report can be written in, by the name that the command knows. */
export const SCAN_FORMATS = {
  table: formatScanTable,
  json: formatScanJson,
  html: formatScanHtml,
  sarif: formatScanSarif,
} as const satisfies Readonly<Record<string, ScanFormat>>;

/** The name of a form. */
export type ScanFormatName = keyof typeof SCAN_FORMATS;
export const FORMAT_NAMES = Object.keys(SCAN_FORMATS) as readonly ScanFormatName[];
