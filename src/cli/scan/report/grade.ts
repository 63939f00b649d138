import type { Severity } from "../rules/scan-rule.js";
import type { Grade, ScanFinding, UncheckedPart } from "./scan-report.js";

/** What each rule that finds something, and each check that could not be carried out, costs of 100. */
export const POINTS: Readonly<Record<Severity, number>> = {
  critical: 80,
  high: 40,
  medium: 15,
  low: 5,
  info: 0,
};
/** The fewest points of each grade. */
export const BOUNDS: readonly (readonly [Grade, number])[] = [
  ["A+", 100],
  ["A", 90],
  ["B", 75],
  ["C", 60],
  ["D", 40],
  ["F", 0],
];

/** The grade of what was found. A rule counts once, wherever it was seen; what was not seen counts as the worst. */
export function gradeOf(
  findings: readonly ScanFinding[],
  unchecked: readonly UncheckedPart[],
): { readonly grade: Grade; readonly score: number } {
  const cost = [...findings, ...unchecked].reduce((sum, { severity }) => sum + POINTS[severity], 0);
  const score = Math.max(0, 100 - cost);
  return { grade: BOUNDS.find(([, least]) => score >= least)?.[0] ?? "F", score };
}
