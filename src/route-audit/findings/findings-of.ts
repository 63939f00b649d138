import { hasObjectRule } from "../facts/route-facts.js";
import { routeLabel } from "../report/labels.js";
import type { AuditedRoute, RouteReport } from "../report/route-report.js";
import type { RouteFinding } from "./finding.js";

/** A parameter that names one object: `:id`, `:userId`, `:user_id`, `:uuid`, `:slug`. */
const OBJECT_ID = /[:*]\{?(?:\w*_)?(?:id|uuid|guid|slug|key)\b|:\w+(?:Id|ID|Uuid|UUID|Guid|Key)\b/;

/** What a report says that somebody should look at, errors first. */
export function findingsOf(report: RouteReport): readonly RouteFinding[] {
  const findings = [
    ...report.routes.flatMap(ofRoute),
    ...report.handlers.flatMap(({ name, paths, status }): readonly RouteFinding[] =>
      status === "open" || status === "unresolved"
        ? paths.map((path) => ({
            rule: "open-handler",
            level: "error",
            message: `${name} at ${path} has no guard in front of it.`,
            path,
            label: `use ${path} ${name}`,
          }))
        : [],
    ),
    ...report.unused.map(
      ({ guard, pattern }): RouteFinding => ({
        rule: "unused-pattern",
        level: "error",
        message: `The pattern ${pattern} of ${guard} covers no route.`,
        path: pattern,
      }),
    ),
  ];
  return inOrder(findings);
}

/** Errors first; otherwise in the order in which they were found. */
export function inOrder(findings: readonly RouteFinding[]): readonly RouteFinding[] {
  return [
    ...findings.filter(({ level }) => level === "error"),
    ...findings.filter(({ level }) => level === "warning"),
  ];
}

function ofRoute(route: AuditedRoute): readonly RouteFinding[] {
  const { method, path, status, reason, unknownBeforeGuard } = route;
  const at = { method, path, label: routeLabel(route) };
  if (status === "open") {
    return [
      { rule: "open-route", level: "error", message: `Nothing guards ${method} ${path}.`, ...at },
    ];
  }
  if (status === "unresolved") {
    const why = reason === undefined ? "" : `: ${reason}`;
    const message = `The path of ${method} ${path} could not be found out${why}.`;
    return [{ rule: "unresolved-route", level: "error", message, ...at }];
  }
  const findings: RouteFinding[] = [];
  if (status === "guarded" && unknownBeforeGuard.length > 0) {
    const names = unknownBeforeGuard.join(", ");
    const message = `${names} may answer ${method} ${path} before a guard of the route does.`;
    findings.push({ rule: "answers-before-guard", level: "warning", message, ...at });
  }
  if (status === "guarded" && OBJECT_ID.test(path) && !hasObjectRule(route)) {
    const message = `${method} ${path} takes the id of an object, and no rule asks whose object it is.`;
    findings.push({ rule: "object-rule-missing", level: "warning", message, ...at });
  }
  return findings;
}
