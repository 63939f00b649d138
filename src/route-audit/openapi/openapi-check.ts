import type { RouteFinding } from "../findings/finding.js";
import { inOrder } from "../findings/findings-of.js";
import { routeLabel } from "../report/labels.js";
import type { AuditedRoute, RouteReport } from "../report/route-report.js";
import { shapeOf, templatesOf } from "./openapi-path.js";

/** One operation of the app's own document. */
interface Documented {
  readonly method: string;
  readonly path: string;
  /** What it may be called with, with and without the paths of the servers in front. */
  readonly shapes: readonly string[];
  /** Whether every way to call it needs credentials. */
  readonly secured: boolean;
}

type Members = Readonly<Record<string, unknown>>;

const METHODS: readonly string[] = "get put post delete options head patch trace".split(" ");
/** Express answers these by itself, and documents leave them out. */
const IMPLIED: readonly string[] = ["HEAD", "OPTIONS"];

/** Why a value is no document that can be compared, or `undefined`. */
export function problemOfDocument(document: unknown): string | undefined {
  if (!isMembers(document)) return "must hold an object";
  const { openapi, swagger, paths } = document;
  if (typeof openapi !== "string" && typeof swagger !== "string") {
    return 'must have the member "openapi": is it an OpenAPI document?';
  }
  return isMembers(paths) ? undefined : 'must have the member "paths"';
}

/**
 * Compares an app with its own OpenAPI document: routes that the document calls secured and no guard covers, routes that
 * it does not have, and those that the app does not have. Only the shape of paths counts, not the names of parameters.
 *
 * Public routes count as not secured: whoever reads the document believes otherwise.
 */
export function checkOpenApi(report: RouteReport, document: unknown): readonly RouteFinding[] {
  const documented = operationsOf(document as Members);
  const routes = report.routes.map((route) => ({
    route,
    shapes: templatesOf(route.path).map(({ path }) => shapeOf(path).toLowerCase()),
  }));
  const fits = (one: Documented, route: AuditedRoute, shapes: readonly string[]): boolean =>
    (route.method === "*" || route.method === one.method || isHeadOf(route, one)) &&
    shapes.some((shape) => one.shapes.includes(shape));
  const findings: RouteFinding[] = [];
  for (const { route, shapes } of routes) {
    const { method, path, status } = route;
    const at = { method, path, label: routeLabel(route) };
    const found = documented.filter((one) => fits(one, route, shapes));
    if (status !== "guarded" && found.some(({ secured }) => secured)) {
      const message = `${method} ${path} is documented as secured, and is ${status}.`;
      findings.push({ rule: "documented-as-secured", level: "error", message, ...at });
    }
    if (found.length === 0 && !IMPLIED.includes(method)) {
      const message = `${method} ${path} does not stand in the OpenAPI document.`;
      findings.push({ rule: "not-documented", level: "warning", message, ...at });
    }
  }
  for (const one of documented) {
    if (IMPLIED.includes(one.method)) continue;
    if (routes.some(({ route, shapes }) => fits(one, route, shapes))) continue;
    const { method, path } = one;
    const message = `${method} ${path} stands in the OpenAPI document, and the app does not have it.`;
    findings.push({ rule: "documented-but-missing", level: "warning", message, method, path });
  }
  return inOrder(findings);
}

function isHeadOf({ method }: AuditedRoute, one: Documented): boolean {
  return method === "GET" && one.method === "HEAD";
}

function operationsOf(document: Members): readonly Documented[] {
  const bases = basesOf(document);
  const paths = isMembers(document["paths"]) ? document["paths"] : {};
  return Object.entries(paths).flatMap(([path, item]) =>
    METHODS.flatMap((method) => {
      const operation = isMembers(item) ? item[method] : undefined;
      if (!isMembers(operation)) return [];
      const shapes = bases.map((base) => shapeOf(`${base}${path}`).toLowerCase());
      const security = operation["security"] ?? document["security"];
      return [{ method: method.toUpperCase(), path, shapes, secured: isSecured(security) }];
    }),
  );
}

/** What stands in front of all paths: the apps of a server may or may not have it in their routes. */
function basesOf({ servers, basePath }: Members): readonly string[] {
  const urls = Array.isArray(servers)
    ? servers.map((server) => (isMembers(server) ? server["url"] : undefined))
    : [];
  const given = [...urls, basePath].filter((url) => typeof url === "string");
  const bases = given.map((url) =>
    url.replace(/^[a-z][a-z\d+.-]*:\/\/[^/]*/i, "").replace(/\/+$/, ""),
  );
  return [...new Set(["", ...bases])];
}

/** An empty requirement among the alternatives makes credentials optional (OpenAPI 3.1 §4.8.2.1). */
function isSecured(security: unknown): boolean {
  return (
    Array.isArray(security) &&
    security.length > 0 &&
    security.every((one) => isMembers(one) && Object.keys(one).length > 0)
  );
}

function isMembers(value: unknown): value is Members {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
