import type { RouteFinding } from "../findings/finding.js";
import { inOrder } from "../findings/findings-of.js";
import { routeLabel } from "../report/labels.js";
import type { AuditedRoute, RouteReport } from "../report/route-report.js";
import { shapeOf, templatesOf } from "./openapi-path.js";

/** One operation of the app's own document. */
interface Documented {
  readonly method: string;
  readonly path: string;
  /** Whether every way to call it needs credentials. */
  readonly secured: boolean;
}

/** The operations by the shape of their path, and what may stand in front of all of them. */
interface Operations {
  readonly byShape: ReadonlyMap<string, readonly Documented[]>;
  readonly bases: readonly string[];
}

type Members = Readonly<Record<string, unknown>>;

const METHODS: readonly string[] = "get put post delete options head patch trace".split(" ");
/** References from one path item to another beyond this are a circle. */
const MAX_HOPS = 10;
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
  const operations = operationsOf(document as Members);
  const matched = new Set<Documented>();
  const findings: RouteFinding[] = [];
  for (const route of report.routes) {
    const { method, path, status } = route;
    const at = { method, path, label: routeLabel(route) };
    const found = operationsFor(route, operations);
    for (const one of found) matched.add(one);
    if (status !== "guarded" && found.some(({ secured }) => secured)) {
      const message = `${method} ${path} is documented as secured, and is ${status}.`;
      findings.push({ rule: "documented-as-secured", level: "error", message, ...at });
    }
    if (found.length === 0 && !IMPLIED.includes(method)) {
      const message = `${method} ${path} does not stand in the OpenAPI document.`;
      findings.push({ rule: "not-documented", level: "warning", message, ...at });
    }
  }
  for (const one of [...operations.byShape.values()].flat()) {
    if (IMPLIED.includes(one.method) || matched.has(one)) continue;
    const { method, path } = one;
    const message = `${method} ${path} stands in the OpenAPI document, and the app does not have it.`;
    findings.push({ rule: "documented-but-missing", level: "warning", message, method, path });
  }
  return inOrder(findings);
}

/** What the document has of a route, with and without the paths of the servers in front. */
function operationsFor(route: AuditedRoute, { byShape, bases }: Operations): readonly Documented[] {
  const shapes = templatesOf(route.path).map(({ path }) => shapeOf(path).toLowerCase());
  const below = shapes.flatMap((shape) =>
    bases
      .filter((base) => shape === base || shape.startsWith(`${base}/`))
      .map((base) => shape.slice(base.length) || "/"),
  );
  return [...new Set(below)]
    .flatMap((shape) => byShape.get(shape) ?? [])
    .filter(
      ({ method }) =>
        route.method === "*" ||
        route.method === method ||
        (route.method === "GET" && method === "HEAD"),
    );
}

function operationsOf(document: Members): Operations {
  const byShape = new Map<string, Documented[]>();
  const urls = urlsOf(document);
  for (const [path, written] of Object.entries(membersOf(document["paths"]))) {
    const item = pathItemOf(document, written);
    urls.push(...urlsOf(item));
    const shape = shapeOf(path).toLowerCase();
    const known = byShape.get(shape) ?? [];
    byShape.set(shape, known);
    for (const method of METHODS) {
      const operation = item[method];
      if (!isMembers(operation)) continue;
      urls.push(...urlsOf(operation));
      const secured = isSecured(operation["security"] ?? document["security"]);
      known.push({ method: method.toUpperCase(), path, secured });
    }
  }
  return { byShape, bases: [...new Set(["", ...urls.map(baseOf)])] };
}

/** References lead to `components` (OpenAPI 3.1 §4.8.9.1). One that leads in a circle, or elsewhere, holds nothing. */
function pathItemOf(document: Members, written: unknown): Members {
  let item = membersOf(written);
  for (let hops = 0; typeof item["$ref"] === "string"; hops += 1) {
    const reference = item["$ref"];
    if (hops === MAX_HOPS || !reference.startsWith("#/")) return item;
    const names = reference.slice(2).split("/");
    const found = names.reduce<unknown>((at, name) => membersOf(at)[unescapedName(name)], document);
    item = { ...membersOf(found), ...withoutReference(item) };
  }
  return item;
}

function withoutReference({ $ref: _reference, ...rest }: Members): Members {
  return rest;
}

/** @see https://www.rfc-editor.org/rfc/rfc6901#section-4 */
function unescapedName(name: string): string {
  return name.replaceAll("~1", "/").replaceAll("~0", "~");
}

/** What stands in front of paths: the apps of a server may or may not have it in their routes. */
function urlsOf({ servers, basePath }: Members): string[] {
  const urls = (Array.isArray(servers) ? servers : []).map((server) => {
    const { url, variables } = membersOf(server);
    if (typeof url !== "string") return undefined;
    return url.replaceAll(/\{([^{}]*)\}/g, (written, name: string) => {
      const given = membersOf(membersOf(variables)[name])["default"];
      return typeof given === "string" ? given : written;
    });
  });
  return [...urls, basePath].filter((url) => typeof url === "string");
}

function baseOf(url: string): string {
  const path = url.replace(/^[a-z][a-z\d+.-]*:\/\/[^/]*/i, "");
  let end = path.length;
  while (path[end - 1] === "/") end -= 1;
  return shapeOf(path.slice(0, end)).toLowerCase();
}

/** An empty requirement among the alternatives makes credentials optional (OpenAPI 3.1 §4.8.2.1). */
function isSecured(security: unknown): boolean {
  return (
    Array.isArray(security) &&
    security.length > 0 &&
    security.every((one) => isMembers(one) && Object.keys(one).length > 0)
  );
}

/** Its own members; none of what is no object. Names such as `constructor` are inherited by what was parsed. */
function membersOf(value: unknown): Members {
  return isMembers(value) ? Object.assign(Object.create(null), value) : {};
}

function isMembers(value: unknown): value is Members {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
