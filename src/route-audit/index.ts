export {
  type AssertRoutesGuardedOptions,
  assertRoutesGuarded,
  type WriteBaselineOptions,
  writeBaseline,
} from "./assert-routes-guarded.js";
export { auditRoutes } from "./audit-routes.js";
export { type DefaultDenyOptions, defaultDeny } from "./default-deny.js";
export { type ProbeRoutesOptions, probeRoutes } from "./probe-routes.js";
export type { ProbeAnswer, ProbedRoute, ProbeOutcome, ProbeReport } from "./report/probe-report.js";
export type {
  AuditedRoute,
  OpaqueHandler,
  RouteReport,
  RouteStatus,
  UnusedPattern,
} from "./report/route-report.js";
export { UnguardedRoutesError } from "./unguarded-routes-error.js";
