import type { ProbeReport } from "../report/probe-report.js";
import type { RouteReport } from "../report/route-report.js";
import type { RouteFinding } from "./finding.js";

/**
 * What a probe found that the report about the same app does not say: guarded routes that a request without credentials
 * got through to, or that something in front of their guard answered.
 */
export function findingsOfProbe(report: RouteReport, probe: ProbeReport): readonly RouteFinding[] {
  const guarded = new Set(
    report.routes
      .filter(({ status }) => status === "guarded")
      .map(({ method, path }) => `${method} ${path}`),
  );
  return probe.routes.flatMap(({ method, path, outcome, answers }): readonly RouteFinding[] => {
    if (!guarded.has(`${method} ${path}`)) return [];
    if (outcome !== "reached" && outcome !== "answered") return [];
    const [first] = answers;
    const sent = first === undefined ? "a request" : `${first.method} ${first.url}`;
    const what =
      outcome === "reached"
        ? `${sent} came to the handler of ${method} ${path} without credentials.`
        : `${sent} was answered without credentials in front of the guard of ${method} ${path}.`;
    const rule = "answered-without-credentials";
    return [{ rule, level: "error", message: what, method, path, label: `${method} ${path}` }];
  });
}
