import type { CheckName, Severity } from "../rules/scan-rule.js";

/** From the best to the worst. */
export const GRADES = ["A+", "A", "B", "C", "D", "F"] as const;
export type Grade = (typeof GRADES)[number];

/** What is wrong, as it was seen. Texts of the server stand in it as they are: escape them. */
export interface ScanFinding {
  readonly rule: string;
  readonly check: CheckName;
  readonly severity: Severity;
  readonly title: string;
  readonly why: string;
  readonly fix: string;
  /** What the first answer had. */
  readonly seen: string;
  /** The requests whose answers show it. */
  readonly at: readonly string[];
}

/** A check that could not be carried out. It counts as the worst that it could have found. */
export interface UncheckedPart {
  readonly check: CheckName;
  readonly severity: Severity;
  readonly why: string;
}

/** A check that this scan has nothing to do with, or was not asked for. It counts nothing. */
export interface SkippedPart {
  readonly check: CheckName;
  readonly why: string;
}

/** What a scan has found. */
export interface ScanReport {
  /** Without its query. */
  readonly url: string;
  readonly grade: Grade;
  readonly score: number;
  readonly requests: number;
  /** The worst first. */
  readonly findings: readonly ScanFinding[];
  readonly unchecked: readonly UncheckedPart[];
  readonly skipped: readonly SkippedPart[];
}
