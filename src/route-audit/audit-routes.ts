import type { Express } from "express";
import { isPlain } from "../core/answer/plain-answer.js";
import { AppMap } from "./discovery/app-map.js";
import { refuseRequest } from "./discovery/check-app.js";
import { type Endpoint, findEndpoints, pathTo } from "./discovery/find-endpoints.js";
import { brandOf, nameOf, takesRequests, unwrapped } from "./discovery/handler.js";
import { isProtection } from "./guards/effective-guard.js";
import { isSilentPackage } from "./guards/known-packages.js";
import { methodsFor, requestKinds } from "./guards/request-kinds.js";
import { Coverage } from "./passages/coverage.js";
import { judge, type Verdict } from "./passages/judge.js";
import { guardsOfApp, unusedPatterns } from "./passages/unused-patterns.js";
import type { AuditedRoute, OpaqueHandler, RouteReport } from "./report/route-report.js";

const HIDDEN_APP =
  "an app is mounted here that could not be looked into: Express shows it to the inspector of Node.js only";

/**
 * Lists every route of an app with the guards that really cover it, and every handler that may answer without a route.
 * Call it when all routes are mounted; it sends no request, runs no handler, and changes nothing.
 *
 * It leads imagined requests through the layers of the app as Express would, several for each route: as declared, in
 * upper case, with a slash at the end, with parameters of different kinds, HEAD beside GET. A guard counts only when it
 * runs for every one of them. What cannot be found out is `unresolved`, and counts as open.
 *
 * It does not see what handlers do: one that answers before the guard of its route, one that rewrites `req.url`, routes
 * that are added later, and routers that a function calls. `probeRoutes` sees the first two.
 *
 * @throws TypeError when it is given no Express app or router.
 */
export function auditRoutes(app: Express): RouteReport {
  refuseRequest("auditRoutes", app);
  const map = new AppMap(app);
  try {
    return report(map);
  } finally {
    map.close();
  }
}

function report(map: AppMap): RouteReport {
  const coverage = new Coverage(map);
  const endpoints = findEndpoints(map).filter((endpoint) => !isHarmless(endpoint, map));
  const guards = guardsOfApp(map, coverage);
  const { methods, words } = requestKinds(map, endpoints, guards);
  const routes: AuditedRoute[] = [];
  const handlers: OpaqueHandler[] = [];
  for (const endpoint of endpoints) {
    const verdict = judge(endpoint, coverage, methodsFor(endpoint, methods), words);
    if (endpoint.kind === "handler") handlers.push(describeHandler(endpoint, verdict));
    else routes.push(describeRoute(endpoint, verdict));
  }
  return Object.freeze({
    routes: Object.freeze(routes),
    handlers: Object.freeze(handlers),
    unused: Object.freeze([...unusedPatterns(guards, endpoints, coverage)]),
  });
}

/** Handlers that give away nothing of the app. */
function isHarmless({ kind, steps }: Endpoint, map: AppMap): boolean {
  const handle = steps.at(-1)?.layer.handle;
  if (kind !== "handler" || handle === undefined) return false;
  return unwrapped(handle).some((one) => isPlain(one) || isSilentPackage(map.fileOf(one)));
}

function describeRoute(endpoint: Endpoint, verdict: Verdict): AuditedRoute {
  const path = pathTo(endpoint);
  const isHidden = endpoint.kind === "hidden app";
  const { status, reason } = isHidden
    ? { status: "unresolved" as const, reason: HIDDEN_APP }
    : verdict;
  return Object.freeze({
    method: endpoint.method,
    path: isHidden ? `${path === "/" ? "" : path}/*` : path,
    status,
    guards: descriptionsOf(verdict),
    ...(reason === undefined ? {} : { reason }),
    unknownBeforeGuard: unknownBeforeGuard(endpoint),
  });
}

function describeHandler(endpoint: Endpoint, verdict: Verdict): OpaqueHandler {
  return Object.freeze({
    name: nameOf(endpoint.steps.at(-1)?.layer.handle),
    paths: Object.freeze([pathTo(endpoint)]),
    status: verdict.status,
    guards: descriptionsOf(verdict),
  });
}

function descriptionsOf({ guards }: Verdict): AuditedRoute["guards"] {
  return Object.freeze(guards.map(({ description }) => description));
}

function unknownBeforeGuard({ chain }: Endpoint): readonly string[] {
  const handles = chain.map(({ handle }) => handle).filter(takesRequests);
  const guard = handles.findIndex((handle) => {
    const mark = brandOf(handle);
    return mark !== undefined && isProtection(mark);
  });
  const names = handles
    .slice(0, Math.max(guard, 0))
    .filter((handle) => brandOf(handle) === undefined);
  return Object.freeze(names.map(nameOf));
}
