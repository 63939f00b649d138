import type { LimitDetails } from "../../core/guard/guard-details.js";
import { coversMethod, type PathPattern, parsePathPattern } from "../../core/http/path-pattern.js";
import { isRefused } from "../../core/refusal/refused.js";
import type { AuditedRoute } from "../report/route-report.js";

/** A path of literals and whole parameters, which means the same to Express and to patterns. */
const PLAIN = /^(?:\/(?::\w+|[A-Za-z0-9._~@$,=&'!-]+))*\/?$/;

/** Those of the limits that may count a request to the route. One is left out only if it never does. */
export function limitsOn(
  route: AuditedRoute,
  limits: readonly LimitDetails[],
): readonly LimitDetails[] {
  return limits.filter(({ on }) => on === undefined || on.some((text) => mayCount(text, route)));
}

function mayCount(text: string, { method, path }: AuditedRoute): boolean {
  const pattern = parsePathPattern(text);
  // Patterns of others may say anything.
  if (isRefused(pattern)) return true;
  if (method !== "*" && !coversMethod(pattern, method)) return false;
  return !PLAIN.test(path) || mayMeet(pattern, segmentsOf(path));
}

/** Whether a path can fit both: a parameter of either stands for anything. */
function mayMeet({ segments, below }: PathPattern, ofRoute: readonly string[]): boolean {
  const isLong = below ? ofRoute.length >= segments.length : ofRoute.length === segments.length;
  return (
    isLong &&
    segments.every((literal, index) => {
      const segment = ofRoute[index] as string;
      const isFree = literal === undefined || segment.startsWith(":");
      return isFree || literal.toLowerCase() === segment.toLowerCase();
    })
  );
}

function segmentsOf(path: string): readonly string[] {
  return path.split("/").filter((segment) => segment !== "");
}
