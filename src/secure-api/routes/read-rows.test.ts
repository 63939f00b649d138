import { describe, expect, it } from "vitest";
import { authenticated, requireRole } from "../../authorization/index.js";
import { OptionsError } from "../../core/options/options-error.js";
import { rateLimit } from "../../rate-limit/index.js";
import { createTestIssuer } from "../../testing/index.js";
import { type SecureApiOptions, secureApi } from "../index.js";

function problemsOf(options: Partial<Record<keyof SecureApiOptions, unknown>>): readonly string[] {
  try {
    secureApi({
      auditLog: false,
      oauthGuard: createTestIssuer().options(),
      rateLimit: false,
      jsonBody: {},
      otherwise: "authenticated",
      ...options,
    } as never);
  } catch (error) {
    if (error instanceof OptionsError) return error.problems;
    throw error;
  }
  return [];
}

const ROLE = { requireRole: "admin" };
const BODY = { body: { type: "object", properties: {} } };

describe("The rows of a table", () => {
  it.each<[string, object, string]>([
    [
      "no object",
      { routes: [] },
      "secureApi.routes must be an object of rows by their patterns, got an empty list",
    ],
    ["no rows", { routes: {} }, "secureApi.routes must have at least one row, got none"],
    [
      "no pattern",
      { routes: { orders: ROLE } },
      'secureApi.routes["orders"] must start with "/": write "/orders"',
    ],
    [
      "what may be a secret",
      { routes: { zq9SECRETzq9: ROLE } },
      'secureApi.routes (row 1) must start with "/"',
    ],
    [
      "an unknown method",
      { routes: { "FETCH /a": ROLE } },
      "(row 1) must have a method that this Node.js knows",
    ],
    ["an expression", { routes: { "/a/:id(\\d+)": ROLE } }, "(row 1) must name parameters"],
    [
      "a slash at the end",
      { routes: { "/a/": ROLE } },
      'secureApi.routes["/a/"] must not have a pattern that ends with "/", unless it is public or optional: write "/a"',
    ],
    [
      "no row",
      { routes: { "/a": "admin" } },
      'secureApi.routes["/a"] must be an options object, got a string of 5 characters: write { requireScope: "orders:write" }',
    ],
    [
      "a guard in place of a row",
      { routes: { "/a": requireRole("admin") } },
      'got a function: write { use: requireRole("admin") }',
    ],
    [
      "a rule in place of a row",
      { routes: { "/a": authenticated() } },
      "a rule stands where the row does: write { authorize: rule }",
    ],
    [
      "no reason to be open",
      { routes: { "/a": { public: true } } },
      'secureApi.routes["/a"].public must be a non-empty string, got true: write why it is open: "the load balancer asks it"',
    ],
    [
      "a factory that was not called",
      { routes: { "/a": { use: requireRole } } },
      'secureApi.routes["/a"].use must be a guard such as requireRole("admin"), got a function: call what makes it',
    ],
    [
      "a middleware of the app",
      { routes: { "/a": { use: (_req: unknown, _res: unknown, next: () => void) => next() } } },
      "markGuard() brands one of the app that authorizes or validates; mount others behind secureApi",
    ],
    [
      "an expression for a public route",
      { publicRoutes: [/^\/health/], routes: { "/a": ROLE } },
      'secureApi.publicRoutes[0] must be a non-empty string, got a regular expression: write a pattern, such as "GET /health" or "/docs/*"',
    ],
    ["an empty row", { routes: { "/a": {} } }, 'secureApi.routes["/a"] must ask for something'],
    [
      "a row of its mode alone",
      { routes: { "/a": { mode: "report" } } },
      'secureApi.routes["/a"] must ask for something',
    ],
    [
      "another name",
      { routes: { "/a": { roles: "admin" } } },
      'secureApi.routes["/a"] must not have an option "roles": did you mean "requireRole"?',
    ],
    [
      "an unset role",
      { routes: { "/a": { requireRole: undefined } } },
      'secureApi.routes["/a"].requireRole must not be undefined',
    ],
    [
      "an unset role in a list",
      { routes: { "/a": { requireRole: ["a", undefined] } } },
      'secureApi.routes["/a"].requireRole[1] must be a non-empty string, got undefined',
    ],
    [
      "no role",
      { routes: { "/a": { requireRole: [] } } },
      'secureApi.routes["/a"].requireRole must have at least one entry',
    ],
    [
      "two scopes in one",
      { routes: { "/a": { requireScope: "a b" } } },
      'secureApi.routes["/a"].requireScope must be one scope without white space',
    ],
    [
      "dot segments beside a parameter that is looked at",
      { paths: { allow: "dot-segment" }, routes: { "/users/:id/*": { ownParam: "id" } } },
      'secureApi.paths.allow must not hold "dot-segment" beside a row that looks at a parameter',
    ],
    [
      "a reported path check beside a parameter that is looked at",
      {
        paths: { mode: "report" },
        routes: { "/users/:id": { validate: { params: { type: "object" } } } },
      },
      'secureApi.paths.mode must not be "report" beside an enforcing row',
    ],
    [
      "an empty permission",
      { routes: { "/a": { requirePermission: ["b", ""] } } },
      'secureApi.routes["/a"].requirePermission[1] must be a non-empty string',
    ],
    [
      "a login without demands",
      { routes: { "/a": { requireStepUp: {} } } },
      'secureApi.routes["/a"].requireStepUp must ask for acr, amr or maxAge',
    ],
    [
      "a wrong parameter",
      { routes: { "/a/:id": { ownParam: "" } } },
      'secureApi.routes["/a/:id"].ownParam must',
    ],
    [
      "a parameter of another name",
      { routes: { "/a/:id": { ownParam: "userId" } } },
      'secureApi.routes["/a/:id"].ownParam must name a parameter of the pattern, which has :id: write "id"',
    ],
    [
      "a parameter where there are two others",
      { routes: { "/a/:id/:Id": { ownParam: "ID" } } },
      'secureApi.routes["/a/:id/:Id"].ownParam must name a parameter of the pattern, which has :id, :Id',
    ],
    [
      "a parameter where there is none",
      { routes: { "/a/*": { ownParam: "id" } } },
      'secureApi.routes["/a/*"].ownParam must name a parameter of the pattern, which has none',
    ],
    [
      "a schema for another parameter",
      {
        routes: {
          "/a/:id": {
            validate: { params: { type: "object", properties: { ID: { type: "string" } } } },
          },
        },
      },
      'secureApi.routes["/a/:id"].validate.params must name nothing but parameters of the pattern, which has :id',
    ],
    [
      "a schema that requires another parameter",
      { routes: { "/a/:id": { validate: { params: { type: "object", required: ["ID"] } } } } },
      'secureApi.routes["/a/:id"].validate.params must name nothing but parameters of the pattern',
    ],
    [
      "a guard as a rule",
      { routes: { "/a": { authorize: requireRole("a") } } },
      'secureApi.routes["/a"].authorize must be a rule',
    ],
    [
      "a wrong schema",
      { routes: { "GET /a": { validate: { query: { type: "objekt" } } } } },
      'secureApi.routes["GET /a"].validate.query',
    ],
    [
      "a body without a method",
      { routes: { "/a": { validate: BODY } } },
      'secureApi.routes["/a"].validate.body must stand in a row with a method',
    ],
    [
      "a body without a parser",
      { routes: { "POST /a": { validate: BODY } }, jsonBody: false },
      'secureApi.routes["POST /a"].validate.body must not be given without jsonBody or formBody',
    ],
    [
      "a limit of nothing",
      { routes: { "/a": { rateLimit: { window: "1m" } } } },
      'secureApi.routes["/a"].rateLimit.limit must be a whole number',
    ],
    [
      "a limit with a pattern",
      { routes: { "/a": { rateLimit: { limit: 1, window: "1m", match: "/b" } } } },
      'secureApi.routes["/a"].rateLimit.match must be left out',
    ],
    [
      "a limit in a list",
      {
        routes: {
          "/a": {
            rateLimit: [
              { limit: 1, window: "1m" },
              { max: 1, window: "1m" },
            ],
          },
        },
      },
      'secureApi.routes["/a"].rateLimit[1] must not have an option "max"',
    ],
    [
      "a limit that only reports",
      { routes: { "/a": { mode: "report", rateLimit: { limit: 1, window: "1m" } } } },
      'secureApi.routes["/a"].mode must not be "report" beside rateLimit',
    ],
    [
      "a function as a guard",
      { routes: { "/a": { use: () => undefined } } },
      'secureApi.routes["/a"].use must be a guard such as requireRole("admin"), got a function',
    ],
    [
      "a limiter as a guard",
      { routes: { "/a": { use: rateLimit({ limit: 1, window: "1m" }) } } },
      'secureApi.routes["/a"].use must be a guard that authorizes or validates',
    ],
    [
      "unknown methods",
      { routes: { "/a": { methods: ["get"] } } },
      'secureApi.routes["/a"].methods',
    ],
    [
      "methods beside a method",
      { routes: { "GET /a": { methods: "GET" } } },
      'secureApi.routes["GET /a"].methods must stand in a row without a method',
    ],
    [
      "public without a reason",
      { routes: { "/a": { public: true } } },
      'secureApi.routes["/a"].public must be',
    ],
    [
      "public and restricted",
      { routes: { "/a": { ...ROLE, public: "x" } } },
      'secureApi.routes["/a"].public must not stand beside what says who may call',
    ],
    [
      "everything public",
      { routes: { "/*": { public: "x" } } },
      'secureApi.routes["/*"].public must not open every route: write dangerouslyPublicRoutes: ["/*"]',
    ],
    [
      "not denied",
      { routes: { "/a": { deny: false } } },
      'secureApi.routes["/a"].deny must be true, got false',
    ],
    [
      "denied and more",
      { routes: { "/a": { ...ROLE, deny: true } } },
      'secureApi.routes["/a"].deny must stand alone',
    ],
    [
      "an exemption from nothing",
      { routes: { "/a": { except: "/a", validate: { query: BODY.body } } } },
      'secureApi.routes["/a"].except must stand in a row that says who may call',
    ],
    [
      "no otherwise",
      { routes: { "/a": ROLE }, otherwise: undefined },
      "secureApi.otherwise must not be undefined",
    ],
    [
      "another otherwise",
      { routes: { "/a": ROLE }, otherwise: "public" },
      'secureApi.otherwise must be one of "authenticated", "deny"',
    ],
    ["otherwise without routes", {}, "secureApi.otherwise must be left out without routes"],
    ["unset routes", { routes: undefined }, "secureApi.routes must not be undefined"],
    [
      "unknown kinds of paths",
      { routes: { "/a": ROLE }, paths: { allow: "encoded-slashes" } },
      'secureApi.paths.allow must be one of "dot-segment"',
    ],
    [
      "nobody who calls",
      { routes: { "/a": ROLE }, oauthGuard: false },
      "secureApi.routes must not say who may call with oauthGuard: false",
    ],
    [
      "callers that are only tried out",
      { routes: { "/a": ROLE }, oauthGuard: { ...createTestIssuer().options(), mode: "report" } },
      "secureApi.routes must not enforce beside an oauthGuard or authenticate that only reports",
    ],
  ])("refuses %s", (_what, options, problem) => {
    expect(problemsOf(options).join("\n")).toContain(problem);
  });

  it("are all judged in one error", () => {
    const problems = problemsOf({
      routes: { "/a": { requireRole: "" }, b: ROLE, "/c": { rateLimit: {} } },
      oauthGuard: {},
    });
    for (const part of [
      'routes["/a"]',
      'routes["b"]',
      'routes["/c"].rateLimit.limit',
      "oauthGuard.issuer",
    ])
      expect(problems.join("\n")).toContain(part);
  });
});

describe("Rows that contradict each other", () => {
  const PUBLIC = { public: "x" };
  const CALLER = { authorize: authenticated() };

  it.each<[string, object, string | undefined]>([
    [
      "/Orders and /orders",
      { "/Orders": ROLE, "/orders": CALLER },
      'routes["/orders"] must be one row with the row "/Orders"',
    ],
    [
      "parameters of two names",
      { "/a/:b": ROLE, "/a/:c": CALLER },
      'must be one row with the row "/a/:b"',
    ],
    ["one path with two methods", { "GET /a": ROLE, "POST /a": CALLER }, undefined],
    [
      "a public row below",
      { "/a/*": ROLE, "GET /a/b": PUBLIC },
      'routes["GET /a/b"] must not open what the row "/a/*" restricts: write except: ["GET /a/b"]',
    ],
    [
      "a public row above",
      { "GET /a/b": ROLE, "/a/*": PUBLIC },
      'routes["/a/*"] must not open what',
    ],
    [
      "a public row with a parameter",
      { "/:x/admin": ROLE, "GET /a/:y": PUBLIC },
      'routes["GET /a/:y"] must not open what',
    ],
    ["a public row of another method", { "POST /a": ROLE, "GET /a": PUBLIC }, undefined],
    [
      "a public row in other letters",
      { "/A": ROLE, "GET /a": PUBLIC },
      'routes["GET /a"] must not open what',
    ],
    [
      "a public row that is excepted",
      { "/a/*": { ...ROLE, except: "GET /a/b" }, "GET /a/b": PUBLIC },
      undefined,
    ],
    [
      "a public row of which a part is excepted",
      { "/a/*": { ...ROLE, except: "GET /a/b" }, "/a/b": PUBLIC },
      'routes["/a/b"] must not open what',
    ],
    [
      "a public row that is limited",
      { "/a/*": { rateLimit: { limit: 1, window: "1m" } }, "GET /a/b": PUBLIC },
      undefined,
    ],
    [
      "a public row that is denied",
      { "/a/*": { deny: true }, "GET /a/b": PUBLIC },
      'routes["GET /a/b"] must not open what the row "/a/*" restricts',
    ],
    [
      "an exemption of everything",
      { "/a/b": { ...ROLE, except: "/a/*" }, "/a/*": CALLER },
      'routes["/a/b"].except must leave something to the row',
    ],
    [
      "an exemption elsewhere",
      { "/a/*": { ...ROLE, except: "/b" }, "/b": CALLER },
      'routes["/a/*"].except must be a pattern that shares requests with that of the row',
    ],
    [
      "an exemption for nobody",
      { "/a/*": { ...ROLE, except: "/a/b" } },
      'routes["/a/*"].except must be what another row or publicRoutes decides about',
    ],
    [
      "a row below a denied one",
      { "/a/*": { deny: true }, "GET /a/b": ROLE },
      'routes["GET /a/b"] is never reached: the row "/a/*" denies',
    ],
    [
      "a row that a denied one leaves out",
      { "/a/*": { deny: true, except: "GET /a/b" }, "GET /a/b": ROLE },
      undefined,
    ],
    [
      "a method that is disabled",
      { "/a/*": { methods: "GET" }, "POST /a/b": ROLE },
      'routes["POST /a/b"] is never reached: the row "/a/*" enables none of its methods',
    ],
    [
      "a method that is enabled with GET",
      { "/a/*": { methods: "GET" }, "HEAD /a/b": ROLE },
      undefined,
    ],
    [
      "methods that exclude each other",
      { "/a/*": { methods: "GET" }, "/a/b": { methods: ["POST"] } },
      'routes["/a/b"] is never reached',
    ],
  ])("%s", (_what, routes, problem) => {
    const problems = problemsOf({ routes });
    if (problem === undefined) expect(problems).toEqual([]);
    else expect(problems.join("\n")).toContain(problem);
  });

  it("include publicRoutes, and dangerouslyPublicRoutes", () => {
    for (const name of ["publicRoutes", "dangerouslyPublicRoutes"] as const) {
      const pattern = name === "publicRoutes" ? "GET /a/b" : "GET /*";
      const [problem] = problemsOf({ routes: { "/a/*": ROLE }, [name]: [pattern] });
      expect(problem?.split(" ")[0]).toBe(`secureApi.${name}`);
      expect(problem).toContain('must not open what the row "/a/*" restricts');
    }
    const routes = { "/a/*": { ...ROLE, except: "GET /a/b" } };
    expect(problemsOf({ routes, publicRoutes: "GET /a/b" })).toEqual([]);
  });

  it('include rows that only limit, where otherwise is "deny"', () => {
    const routes = { "/a": { rateLimit: { limit: 1, window: "1m" } } };
    expect(problemsOf({ routes, otherwise: "deny" })[0]).toContain(
      'secureApi.routes["/a"] must say who may call',
    );
    expect(problemsOf({ routes: { ...routes, "/*": ROLE }, otherwise: "deny" })).toEqual([]);
    expect(problemsOf({ routes })).toEqual([]);
  });
});
