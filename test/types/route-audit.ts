import express, { Router } from "express";
import {
  type AuditedRoute,
  assertRoutesGuarded,
  auditRoutes,
  defaultDeny,
  probeRoutes,
  type RouteReport,
  writeBaseline,
} from "express-secure-api/route-audit";

const app = express();
export const report: RouteReport = auditRoutes(app);
export const first: AuditedRoute | undefined = report.routes[0];
export const same: express.Express = defaultDeny(app, { mode: "report" });
assertRoutesGuarded(app, { allow: { "GET /health": "for the load balancer" } });
writeBaseline(app, "routes.baseline.json");

export async function assertProbed(): Promise<void> {
  const probe = await probeRoutes(app, { skip: [express.json()] });
  assertRoutesGuarded(app, { probe, baseline: "routes.baseline.json" });
}

// @ts-expect-error the probe must be awaited
assertRoutesGuarded(app, { probe: probeRoutes(app) });
// @ts-expect-error an exception needs a reason
assertRoutesGuarded(app, { allow: ["GET /health"] });
// @ts-expect-error a router alone serves nothing that could be refused
defaultDeny(Router());
// @ts-expect-error the report is frozen
report.routes.push();
