import { reportOnlyText } from "../csp/policy-text.js";
import type { ReportingSettings } from "../policies/reporting.js";
import { type HeaderPlan, type PlannedHeader, plannedHeader } from "./header-plan.js";

const CSP = "Content-Security-Policy";
const CSP_REPORT_ONLY = "Content-Security-Policy-Report-Only";

/**
 * What is sent in report mode of a plan that enforces: what changes nothing. That is the content policies as report-only; and
 * only where an option asks for it, the endpoints, other headers as report-only, and a short `Strict-Transport-Security`.
 *
 * @param trialMaxAge - `hsts.maxAgeInReportMode`, in seconds.
 */
export function planReport(
  plan: HeaderPlan,
  trialMaxAge: number | undefined,
  reporting: ReportingSettings,
): HeaderPlan {
  const headers: PlannedHeader[] = [];
  // Over TLS the policy has one more directive, which browsers ignore in one that only reports.
  const policies = plan.headers.filter(
    ({ name, when }) => when !== "overTls" && (name === CSP || name === CSP_REPORT_ONLY),
  );
  const [first] = policies;
  if (first !== undefined) {
    const value = policies.map((policy) => reportOnlyText(policy.value)).join(", ");
    const nonce = policies.some((policy) => policy.nonce);
    headers.push(
      plannedHeader({ name: CSP_REPORT_ONLY, value, when: "always", from: first.from, nonce }),
    );
  }
  for (const header of plan.headers) {
    if (header.name === "Reporting-Endpoints") headers.push(header);
    if (isReported(header.name, reporting))
      headers.push(
        Object.freeze({ ...header, name: `${header.name}-Report-Only`, mayBreak: undefined }),
      );
    if (header.name === "Strict-Transport-Security" && trialMaxAge !== undefined)
      headers.push(Object.freeze({ ...header, value: `max-age=${trialMaxAge}` }));
  }
  return Object.freeze({ ...plan, headers: Object.freeze(headers), removed: Object.freeze([]) });
}

function isReported(name: string, reporting: ReportingSettings): boolean {
  if (name === "Cross-Origin-Opener-Policy") return reporting.crossOriginOpenerPolicy !== undefined;
  return (
    name === "Cross-Origin-Embedder-Policy" && reporting.crossOriginEmbedderPolicy !== undefined
  );
}
