import type { GuardDescription } from "../../core/guard/guard-mark.js";
import { factsOf } from "../facts/route-facts.js";
import { jsonText } from "./escape.js";
import { type Format, sortedRoutes } from "./format-options.js";

/** Raised when a member goes away or changes its meaning; new members may come at any time. */
const VERSION = 1;

/** The whole report as JSON, with what each route asks for. */
export const formatJson: Format = (report, { findings, title, version }) => {
  const { handlers, unused } = report;
  const document = {
    format: "express-secure-api/routes",
    version: VERSION,
    app: { title, version },
    counts: countsOf(report.routes),
    routes: sortedRoutes(report).map((route) => {
      const { method, path, status, reason, guards, unknownBeforeGuard } = route;
      const { requirements, limits, answers } = factsOf(route);
      return {
        method,
        path,
        status,
        reason,
        guards: guards.map(guardOf),
        unknownBeforeGuard,
        requirements,
        limits,
        answers,
      };
    }),
    handlers: handlers.map(({ name, paths, status, guards }) => ({
      name,
      paths,
      status,
      guards: guards.map(guardOf),
    })),
    unused: unused.map(({ guard, pattern }) => ({ guard, pattern })),
    findings: findings.map(({ rule, level, message, method, path, accepted = false }) => ({
      rule,
      level,
      message,
      method,
      path,
      accepted,
    })),
  };
  return `${jsonText(document)}\n`;
};

/** By name, so that members that a brand happens to have do not become part of the format. */
function guardOf(description: GuardDescription): object {
  const { guard, kind, mode, rule, optional, at, except, elsewhere, parts } = description;
  return { guard, kind, mode, rule, optional, at, except, elsewhere, parts: parts?.map(guardOf) };
}

function countsOf(routes: readonly { readonly status: string }[]): object {
  const counts = { open: 0, unresolved: 0, public: 0, guarded: 0 };
  for (const { status } of routes) {
    if (Object.hasOwn(counts, status)) counts[status as keyof typeof counts] += 1;
  }
  return counts;
}
