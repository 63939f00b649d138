/** What is looked at. */
export type CheckName =
  | "transport"
  | "tls"
  | "headers"
  | "cors"
  | "errors"
  | "answers"
  | "cookies"
  | "caching"
  | "methods";

/** How bad it is. */
export type Severity = "critical" | "high" | "medium" | "low" | "info";

/** What one rule looks for, why it matters, and what puts it right. */
export interface ScanRule {
  readonly check: CheckName;
  readonly severity: Severity;
  readonly title: string;
  readonly why: string;
  readonly fix: string;
}

/** A rule, in its order for readers. `why` and `fix` are sentences without a full stop. */
export function rule(
  check: CheckName,
  severity: Severity,
  title: string,
  why: string,
  fix: string,
): ScanRule {
  return { check, severity, title, why: `${why}.`, fix: `${fix}.` };
}
