import { jsonText } from "../formats/escape.js";
import type { Format } from "../formats/format-options.js";
import type { AuditedRoute, RouteReport } from "../report/route-report.js";
import { shapeOf, type TemplatedPath, templatesOf } from "./openapi-path.js";
import { operationOf } from "./operation.js";
import { schemeOf } from "./security.js";

/** One path of the document. */
interface PathItem {
  readonly template: TemplatedPath;
  readonly operations: Map<string, object>;
}

const METHODS: readonly string[] = "get put post delete options head patch trace".split(" ");
/** What a route for every method is shown with. */
const EVERY = ["get", "put", "post", "delete", "patch"] as const;

/** RFC 9457, with the member `code` that all refusals of this library have. */
const PROBLEM = {
  type: "object",
  required: ["title", "status", "code"],
  properties: {
    type: { type: "string", format: "uri-reference" },
    title: { type: "string" },
    status: { type: "integer" },
    detail: { type: "string" },
    code: { type: "string" },
    requestId: { type: "string" },
    errors: { type: "array", items: { type: "object" } },
  },
};

/**
 * A skeleton of an OpenAPI 3.1 document: paths, methods, security, scopes, limits, schemas and refusals, as far as the
 * guards say them. What routes answer otherwise is not known. Paths that no template can say stand in
 * `x-not-documented`.
 */
export const formatOpenApi: Format = (report, { title = "API", version = "0.0.0" }) => {
  const { paths, schemes, schemas, missing } = gather(report);
  const document = {
    openapi: "3.1.0",
    info: { title, version },
    paths,
    components: {
      schemas: { Problem: PROBLEM, ...schemas },
      securitySchemes: Object.fromEntries([...schemes].map((name) => [name, schemeOf(name)])),
    },
    ...(missing.length === 0 ? {} : { "x-not-documented": missing }),
  };
  return `${jsonText(document)}\n`;
};

function gather({ routes }: RouteReport): {
  readonly paths: object;
  readonly schemes: ReadonlySet<string>;
  readonly schemas: object;
  readonly missing: readonly object[];
} {
  const items = new Map<string, PathItem>();
  const schemes = new Set<string>();
  const missing: object[] = [];
  const schemas = new Map<string, string>();
  const define = (schema: object): object => {
    const text = JSON.stringify(schema);
    const name = schemas.get(text) ?? `Body${schemas.size + 1}`;
    schemas.set(text, name);
    return { $ref: `#/components/schemas/${name}` };
  };
  for (const route of routes) {
    const templates = templatesOf(route.path);
    const methods = methodsOf(route);
    if (templates.length === 0 || methods.length === 0) {
      missing.push({ method: route.method, path: route.path });
      continue;
    }
    for (const own of templates) {
      const shape = shapeOf(own.path);
      const item = items.get(shape) ?? { template: own, operations: new Map<string, object>() };
      items.set(shape, item);
      const operation = operationOf(route, own, item.template.parameters, define);
      for (const requirement of operation.security) {
        for (const name of Object.keys(requirement)) schemes.add(name);
      }
      for (const method of methods) {
        // Express asks the route that was declared first.
        if (!item.operations.has(method)) item.operations.set(method, operation);
      }
    }
  }
  const paths = [...items.values()].map(({ template, operations }) => [
    template.path,
    Object.fromEntries(operations),
  ]);
  const defined = [...schemas].map(([text, name]) => [
    name,
    { $id: `urn:express-secure-api:schema:${name}`, ...JSON.parse(text) },
  ]);
  return {
    paths: Object.fromEntries(paths),
    schemes,
    schemas: Object.fromEntries(defined),
    missing,
  };
}

function methodsOf({ method }: AuditedRoute): readonly string[] {
  if (method === "*") return EVERY;
  const lower = method.toLowerCase();
  return METHODS.includes(lower) ? [lower] : [];
}
