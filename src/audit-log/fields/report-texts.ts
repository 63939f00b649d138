import type { BrowserReport, ReceivedReports } from "../../core/decision/browser-report.js";
import { jsonText } from "../text/json-text.js";
import { scrubText } from "../text/scrub-text.js";

const MAX_REPORT_LENGTH = 1024;
/** What the other members of such a record need, of the most that a record may have. */
const OTHERS = 2048;
/** In the smallest records. */
const LEAST = 512;

/**
 * The new reports of browsers about pages, each as JSON text: the first ones, as many as a record has room for.
 *
 * @param maxRecordBytes - The longest record.
 */
export function reportTexts(
  reports: ReceivedReports | undefined,
  maxRecordBytes: number,
): readonly string[] {
  const texts: string[] = [];
  let left = Math.max(LEAST, maxRecordBytes - OTHERS);
  for (const report of reports?.recorded ?? []) {
    const text = reportText(report);
    left -= Buffer.byteLength(text) + 1;
    if (left < 0) break;
    texts.push(text);
  }
  return texts;
}

function reportText({ type, line, column, source, ...members }: BrowserReport): string {
  const place = [source, line, column].filter((part) => part !== undefined).join(":");
  const { rule, blocked, document, disposition } = members;
  const named = { rule, blocked, document, source: place, disposition };
  const parts = Object.entries(named)
    .filter(([, value]) => value !== undefined && value !== "")
    .map(([name, value]) => `${name}=${value}`);
  return jsonText(scrubText([type, ...parts].join(" ")), MAX_REPORT_LENGTH);
}
