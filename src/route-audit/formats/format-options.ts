import type { RouteFinding } from "../findings/finding.js";
import type { AuditedRoute, RouteReport, RouteStatus } from "../report/route-report.js";

/** What a format is told besides the report. */
export interface FormatOptions {
  /** Those of the report and of other checks. */
  readonly findings: readonly RouteFinding[];
  /** Name of the app. */
  readonly title?: string | undefined;
  /** Version of the app. */
  readonly version?: string | undefined;
  /** Path of the app's module, for tools that show findings in files. */
  readonly file?: string | undefined;
  /** Whether the terminal shows colours. */
  readonly color?: boolean | undefined;
}

/** What one format makes of a report. Its lines end with a newline, the last one too. */
export type Format = (report: RouteReport, options: FormatOptions) => string;

/** What concerns people most stands first. */
const ORDER: readonly RouteStatus[] = ["open", "unresolved", "public", "guarded"];

/** The routes, open ones first, then by path. */
export function sortedRoutes(report: RouteReport): readonly AuditedRoute[] {
  return report.routes.toSorted(
    (one, other) =>
      ORDER.indexOf(one.status) - ORDER.indexOf(other.status) ||
      compare(one.path, other.path) ||
      compare(one.method, other.method),
  );
}

/** `3 routes: 1 open, 2 guarded`. */
export function summaryOf({ routes }: RouteReport): string {
  const counts = ORDER.flatMap((status) => {
    const count = routes.filter((route) => route.status === status).length;
    return count === 0 ? [] : [`${count} ${status}`];
  });
  const total = `${routes.length} ${routes.length === 1 ? "route" : "routes"}`;
  return counts.length === 0 ? total : `${total}: ${counts.join(", ")}`;
}

/** By code units, so that the order is the same on every machine. */
function compare(one: string, other: string): number {
  return one < other ? -1 : Number(one > other);
}
