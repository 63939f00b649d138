import { describe, expect, it } from "vitest";
import { guard, reportOf, route, SHOP } from "../../../test/support/route-reports.js";
import type { GuardDescription } from "../../core/guard/guard-mark.js";
import type { AuditedRoute } from "../report/route-report.js";
import { checkOpenApi } from "./openapi-check.js";
import { formatOpenApi } from "./openapi-document.js";
import { templatesOf } from "./openapi-path.js";

const bearer = guard("oauthGuard", "authentication");

/** A guard that says which scopes it demands. */
function demanding(match: "all" | "any", ...names: readonly string[]): Partial<GuardDescription> {
  return { details: { requirement: { type: "scope", names, match } } };
}

describe("a path of Express", () => {
  it.each<[string, readonly string[]]>([
    ["/", ["/"]],
    ["/orders/:id", ["/orders/{id}"]],
    ["/orders/:id/items.json", ["/orders/{id}/items.json"]],
    ["/flights/:from-:to", ["/flights/{from}-{to}"]],
    // Express 4
    ["/orders/:id(\\d+)", ["/orders/{id}"]],
    ["/orders/:id?", ["/orders", "/orders/{id}"]],
    ["/files/*", ["/files/{wildcard}"]],
    ["/files/:path*", ["/files", "/files/{path}"]],
    ["/:id/:id", ["/{id}/{id2}"]],
    // Express 5
    ["/orders{/:id}", ["/orders", "/orders/{id}"]],
    ["/a{/:b{/:c}}", ["/a", "/a/{b}", "/a/{b}/{c}"]],
    ["/files/*path", ["/files/{path}"]],
    ["/x/*path/end", ["/x/{path}/end"]],
    ['/:"my name"', ["/{my name}"]],
    ["/a\\:b", ["/a:b"]],
    // What no template can say
    ["RegExp(/^\\/a/)", []],
    ["/a/RegExp(/b/)", []],
    ["/a(b)?c", []],
    ["/ab+cd", []],
    ["/a{/:b", []],
    ["/a}", []],
    ["", []],
    [`/a${"{/:b}".repeat(12)}`, []],
  ])("%s is %j in OpenAPI", (path, templates) => {
    expect(templatesOf(path).map((one) => one.path)).toEqual(templates);
  });
});

describe("the OpenAPI document", () => {
  it("has the members that OpenAPI 3.1 requires", () => {
    const document = documentOf(SHOP.routes);
    expect(document).toMatchObject({ openapi: "3.1.0", info: { title: "API", version: "0.0.0" } });
    for (const item of Object.values(document.paths)) {
      for (const operation of Object.values(item)) {
        expect(Object.keys(operation.responses).length).toBeGreaterThan(0);
        for (const response of Object.values(operation.responses)) {
          expect(response.description).not.toBe("");
        }
        for (const parameter of operation.parameters ?? []) {
          expect(["path", "query", "header", "cookie"]).toContain(parameter["in"]);
          expect(parameter).toHaveProperty("schema");
        }
        for (const name of operation.security.flatMap(Object.keys)) {
          expect(document.components.securitySchemes).toHaveProperty([name]);
        }
      }
    }
  });

  it("says who may call, with scopes, limits, schemas and problem documents", () => {
    const { paths, components } = documentOf(SHOP.routes);
    const post = paths["/orders"]?.["post"];
    expect(components.securitySchemes["oauthGuard"]).toEqual({
      type: "http",
      scheme: "bearer",
      bearerFormat: "JWT",
    });
    expect(paths["/orders/{id}"]?.["get"]?.security).toEqual([{ oauthGuard: ["orders:read"] }]);
    expect(paths["/health"]?.["get"]).toMatchObject({
      security: [],
      description: "Public: GET /health.",
    });
    expect(post?.description).toBe(
      "Needs the role admin or (the scope orders:write and owner(customer)). Limit 100-per-1m: 100 per minute for each address. An object of others is answered as a missing one.",
    );
    expect(post?.requestBody).toMatchObject({
      required: true,
      content: { "application/json": { schema: { type: "object", required: ["item"] } } },
    });
    expect(post?.parameters).toEqual([
      { name: "dry", in: "query", required: false, schema: { type: "boolean" } },
    ]);
    expect(Object.keys(post?.responses ?? {})).toEqual(
      "400 401 403 404 415 422 429 503 2XX".split(" "),
    );
    const limited = post?.responses["429"];
    expect(Object.keys(limited?.headers ?? {})).toEqual([
      "Retry-After",
      "RateLimit",
      "RateLimit-Policy",
      "X-RateLimit-Limit",
    ]);
    expect(limited?.content).toEqual({
      "application/problem+json": {
        schema: {
          allOf: [
            { $ref: "#/components/schemas/Problem" },
            { properties: { code: { enum: ["rate_limit_exceeded"] } } },
          ],
        },
      },
    });
    expect(Object.keys(post?.responses["401"]?.headers ?? {})).toEqual(["WWW-Authenticate"]);
  });

  it.each<[string, readonly GuardDescription[], readonly object[]]>([
    ["nothing guards", [], []],
    ["one guard demands", [bearer], [{ oauthGuard: [] }]],
    [
      "two guards demand",
      [bearer, guard("passport jwt", "authentication")],
      [{ oauthGuard: [], passport_jwt: [] }],
    ],
    ["credentials are optional", [{ ...bearer, optional: true }], [{ oauthGuard: [] }, {}]],
    [
      "one of two optional ways is demanded",
      [
        { ...bearer, optional: true },
        guard("session", "authentication", { optional: true }),
        guard("requireScope", "authorization", demanding("all", "a")),
      ],
      [{ oauthGuard: ["a"] }, { session: ["a"] }],
    ],
    [
      "one of two scopes will do",
      [bearer, guard("requireScope", "authorization", demanding("any", "a", "b"))],
      [{ oauthGuard: ["a"] }, { oauthGuard: ["b"] }],
    ],
    [
      "nobody knows how callers are known",
      [guard("requireRole", "authorization", { rule: "role(a)" })],
      [{ authentication: [] }],
    ],
    ["a guard only reports", [{ ...bearer, mode: "report" }], []],
  ])("lists the ways to be let in where %s", (_what, guards, security) => {
    const { paths } = documentOf([route("GET", "/", { guards })]);
    expect(paths["/"]?.["get"]?.security).toEqual(security);
  });

  it("has one path for routes that call its parameter differently", () => {
    const params = { type: "object", properties: { key: { type: "integer" } } };
    const validate = guard("validate", "validation", { details: { schemas: { params } } });
    const { paths } = documentOf([
      route("GET", "/a/:id"),
      route("PUT", "/a/:key", { guards: [validate] }),
      route("GET", "/a/:other"),
    ]);
    expect(Object.keys(paths)).toEqual(["/a/{id}"]);
    expect(paths["/a/{id}"]?.["put"]?.parameters).toEqual([
      { name: "id", in: "path", required: true, schema: { type: "integer" } },
    ]);
  });

  it("keeps the references of a schema inside the schema", () => {
    const body = { $ref: "#/$defs/a", $defs: { a: { type: "object" } } };
    const query = { type: "object", properties: { a: { $ref: "#/$defs/a" } }, $defs: { a: {} } };
    const validate = guard("validate", "validation", { details: { schemas: { body, query } } });
    const { paths, components } = documentOf([route("POST", "/a{/:b}", { guards: [validate] })]);
    const schema = { $ref: "#/components/schemas/Body1" };
    for (const path of ["/a", "/a/{b}"]) {
      expect(paths[path]?.["post"]?.requestBody).toMatchObject({
        content: { "application/json": { schema } },
      });
    }
    // An id that stood there twice would be no schema any more.
    expect(Object.keys(components.schemas)).toEqual(["Problem", "Body1"]);
    expect(components.schemas["Body1"]).toEqual({
      $id: "urn:express-secure-api:schema:Body1",
      ...body,
    });
    expect(paths["/a"]?.["post"]?.parameters).toBeUndefined();
  });

  it("names what it cannot show, and shows a route of every method with the usual ones", () => {
    const document = documentOf([
      route("GET", "RegExp(/a/)"),
      route("PROPFIND", "/dav"),
      route("*", "/all"),
      route("GET", "/opt{/:id}"),
    ]);
    expect(document["x-not-documented"]).toEqual([
      { method: "GET", path: "RegExp(/a/)" },
      { method: "PROPFIND", path: "/dav" },
    ]);
    expect(Object.keys(document.paths)).toEqual(["/all", "/opt", "/opt/{id}"]);
    expect(Object.keys(document.paths["/all"] ?? {})).toEqual(
      "get put post delete patch".split(" "),
    );
  });

  it("leaves out header fields that OpenAPI describes elsewhere", () => {
    const headers = {
      type: "object",
      properties: { authorization: {}, "x-tenant": { type: "string" } },
      required: ["x-tenant"],
    };
    const validate = guard("validate", "validation", { details: { schemas: { headers } } });
    const { paths } = documentOf([route("GET", "/", { guards: [validate] })]);
    expect(paths["/"]?.["get"]?.parameters).toEqual([
      { name: "x-tenant", in: "header", required: true, schema: { type: "string" } },
    ]);
  });
});

describe("the comparison with the app's own document", () => {
  const routes = [
    route("GET", "/orders/:id", { status: "guarded", guards: [bearer] }),
    route("POST", "/orders"),
    route("GET", "/health", { status: "public" }),
  ];
  const secured = { security: [{ bearer: [] }] };

  it.each<[string, object, readonly string[]]>([
    [
      "fits",
      {
        paths: {
          "/orders/{orderId}": { get: secured },
          "/orders": { post: {} },
          "/health": { get: {} },
        },
      },
      [],
    ],
    [
      "demands credentials for all",
      {
        ...secured,
        paths: {
          "/orders/{id}": { get: {} },
          "/orders": { post: {} },
          "/health": { get: { security: [] } },
        },
      },
      ["error documented-as-secured POST /orders"],
    ],
    [
      "demands credentials where none are asked for",
      {
        paths: {
          "/orders/{id}": { get: {} },
          "/orders": { post: { security: [{ a: [] }, {}] } },
          "/health": { get: secured },
        },
      },
      ["error documented-as-secured GET /health"],
    ],
    [
      "lacks routes and has others",
      {
        paths: {
          "/orders/{id}": { get: secured, put: secured, head: {} },
          "/orders/": { post: {} },
        },
      },
      ["warning not-documented GET /health", "warning documented-but-missing PUT /orders/{id}"],
    ],
    [
      "names its server",
      {
        servers: [{ url: "https://api.example/v1/" }],
        paths: { "/id": { get: {} } },
      },
      [
        "warning not-documented GET /orders/:id",
        "warning not-documented POST /orders",
        "warning not-documented GET /health",
        "warning documented-but-missing GET /id",
      ],
    ],
    [
      "is odd",
      { paths: { "/orders": null, "/x": { get: 1, parameters: [] } } },
      [
        "warning not-documented GET /orders/:id",
        "warning not-documented POST /orders",
        "warning not-documented GET /health",
      ],
    ],
  ])("finds nothing but what differs, when it %s", (_what, document, expected) => {
    const findings = checkOpenApi(reportOf(routes), { openapi: "3.1.0", ...document });
    expect(
      findings.map(({ level, rule, method, path }) => `${level} ${rule} ${method} ${path}`),
    ).toEqual(expected);
  });

  it("takes the path of a server in front of the documented ones", () => {
    const report = reportOf([
      route("GET", "/v1/orders/:id", { status: "guarded", guards: [bearer] }),
    ]);
    const paths = { "/orders/{id}": { get: secured } };
    expect(checkOpenApi(report, { openapi: "3.1.0", servers: [{ url: "/v1" }], paths })).toEqual(
      [],
    );
    expect(checkOpenApi(report, { swagger: "2.0", basePath: "/v1/", paths })).toEqual([]);
  });
});

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: {
    readonly securitySchemes: Readonly<Record<string, object>>;
    readonly schemas: Readonly<Record<string, object>>;
  };
  readonly "x-not-documented"?: readonly object[];
}

interface Operation {
  readonly description?: string;
  readonly parameters?: readonly Readonly<Record<string, unknown>>[];
  readonly requestBody?: object;
  readonly security: readonly object[];
  readonly responses: Readonly<
    Record<string, { description: string; headers?: object; content?: object }>
  >;
}

function documentOf(routes: readonly AuditedRoute[]): Document {
  return JSON.parse(formatOpenApi(reportOf(routes), { findings: [] }));
}
