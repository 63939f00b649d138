import { visible } from "../../../route-audit/formats/escape.js";
import type { ScanFinding, ScanReport } from "../report/scan-report.js";
import type { Severity } from "../rules/scan-rule.js";

/** Colours of the terminal's own palette: readable on light and on dark. */
const COLORS: Readonly<Record<Severity, number>> = {
  critical: 31,
  high: 31,
  medium: 33,
  low: 33,
  info: 2,
};

/** For terminals. Without colours it says as much. */
export function formatScanTable(report: ScanReport, color: boolean): string {
  const { url, grade, score, requests, findings, unchecked, skipped } = report;
  const good = grade.startsWith("A");
  const sections = [
    `${paint(`Grade ${grade}`, color, good ? 32 : 31)} (${score} of 100) for ${visible(url)}, by ${requests} requests`,
    ...(findings.length === 0 ? ["Nothing found."] : findings.map((one) => findingOf(one, color))),
    ...listOf(
      "Could not be checked, and counts as the worst that it could have found",
      unchecked.map(({ check, severity, why }) => `${check} (${severity}): ${why}`),
    ),
    ...listOf(
      "Not checked",
      skipped.map(({ check, why }) => `${check}: ${why}`),
    ),
  ];
  return `${sections.join("\n\n")}\n`;
}

function findingOf(finding: ScanFinding, color: boolean): string {
  const { severity, rule, title, seen, at, why, fix } = finding;
  const word = paint(severity.padEnd(8), color, COLORS[severity]);
  return [
    `${word}  ${title} (${rule})`,
    `          seen: ${visible(seen)}`,
    `          at:   ${visible(at.join(", "))}`,
    `          why:  ${why}`,
    `          fix:  ${fix}`,
  ].join("\n");
}

function listOf(title: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0
    ? []
    : [`${title}:\n${lines.map((line) => `  ${visible(line)}`).join("\n")}`];
}

function paint(text: string, color: boolean, code: number): string {
  return color ? `\u001b[${code}m${text}\u001b[0m` : text;
}
