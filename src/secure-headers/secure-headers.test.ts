import helmet, { type HelmetOptions } from "helmet";
import request from "supertest";
import { afterEach, describe, expect, it } from "vitest";
import { expressVersions } from "../../test/support/express.js";
import type { Decision } from "../core/decision/decision.js";
import { decisionsOf } from "../core/decision/decision.js";
import { createGuard } from "../core/guard/guard.js";
import { OptionsError } from "../core/options/options-error.js";
import { HttpError } from "../core/refusal/http-error.js";
import { secureHeaders } from "./secure-headers.js";
import type { SecureHeadersOptions } from "./secure-headers-options.js";

const CSP = "default-src 'none';base-uri 'none';form-action 'none';frame-ancestors 'none'";
const API_HEADERS = {
  "content-security-policy": CSP,
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "cache-control": "no-store",
};
/** What Express and Node add by themselves. */
const PLATFORM = ["connection", "content-length", "content-type", "date", "etag", "keep-alive"];

const OTHER_SETTINGS: HelmetOptions = {
  contentSecurityPolicy: {
    useDefaults: false,
    directives: { "default-src": ["'none'"], "img-src": ["'self'", "data:"] },
  },
  crossOriginEmbedderPolicy: true,
  crossOriginOpenerPolicy: { policy: "same-origin-allow-popups" },
  originAgentCluster: true,
  referrerPolicy: { policy: ["no-referrer", "same-origin"] },
  strictTransportSecurity: false,
  xDnsPrefetchControl: { allow: true },
  xDownloadOptions: true,
  xFrameOptions: { action: "sameorigin" },
  xPermittedCrossDomainPolicies: true,
  xXssProtection: true,
};

/** What a user of helmet writes to get the api preset. */
function helmetTerms(): HelmetOptions {
  const none = ["'none'"];
  return {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: { defaultSrc: none, baseUri: none, formAction: none, frameAncestors: none },
    },
    crossOriginOpenerPolicy: false,
    originAgentCluster: false,
    strictTransportSecurity: false,
    xDnsPrefetchControl: false,
    xDownloadOptions: false,
    xFrameOptions: { action: "deny" },
    xPermittedCrossDomainPolicies: false,
    xXssProtection: false,
  };
}

function securityHeaders(headers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !PLATFORM.includes(name)));
}

function problemsOf(options: unknown): readonly string[] {
  try {
    secureHeaders(options as SecureHeadersOptions);
  } catch (error) {
    if (error instanceof OptionsError) return error.problems;
    throw error;
  }
  return [];
}

describe.each(expressVersions)("secureHeaders on Express %s", (_major, express) => {
  function appWith(options?: SecureHeadersOptions) {
    const app = express().use(secureHeaders(options));
    app.get("/", (_req, res) => void res.json({ ok: true }));
    return app;
  }

  it("sends exactly the headers of the api preset and removes X-Powered-By", async () => {
    const answer = await request(appWith()).get("/").expect(200);
    expect(securityHeaders(answer.headers)).toEqual(API_HEADERS);
  });

  it.each<[string, HelmetOptions, SecureHeadersOptions]>([
    ["the preset", helmetTerms(), {}],
    ["other settings", OTHER_SETTINGS, { helmet: OTHER_SETTINGS }],
  ])("sends the same values as helmet does for %s", async (_title, settings, options) => {
    const theirs = express().use(helmet(settings));
    theirs.get("/", (_req, res) => void res.json({ ok: true }));
    const [expected, actual] = await Promise.all([
      request(theirs).get("/"),
      request(appWith({ ...options, cacheControl: false })).get("/"),
    ]);
    expect(Object.keys(securityHeaders(expected.headers)).length).toBeGreaterThanOrEqual(5);
    expect(securityHeaders(actual.headers)).toEqual(securityHeaders(expected.headers));
  });

  it("lets a handler override what is set", async () => {
    const app = express().use(secureHeaders());
    app.get("/", (_req, res) => void res.set("Cache-Control", "max-age=60").json({}));
    await request(app).get("/").expect("Cache-Control", "max-age=60");
  });

  it("keeps no-store on static files unless cacheControl is off", async () => {
    const serve = (options?: SecureHeadersOptions) =>
      express().use(secureHeaders(options), express.static("src/secure-headers/fixtures"));
    await request(serve()).get("/README.md").expect(200).expect("Cache-Control", "no-store");
    const free = await request(serve({ cacheControl: false }))
      .get("/README.md")
      .expect(200);
    expect(free.headers["cache-control"]).toBe("public, max-age=0");
  });

  it("lays helmet's options over the preset", async () => {
    const options: SecureHeadersOptions = {
      helmet: {
        contentSecurityPolicy: {
          directives: { connectSrc: ["'self'"], "frame-ancestors": "'self'" },
        },
        frameguard: { action: "sameorigin" },
        noSniff: false,
        hidePoweredBy: false,
        crossOriginOpenerPolicy: true,
      },
    };
    const { headers } = await request(appWith(options)).get("/");
    expect(headers["content-security-policy"]).toBe(
      "default-src 'none';base-uri 'none';form-action 'none';connect-src 'self';frame-ancestors 'self'",
    );
    expect(headers["x-frame-options"]).toBe("SAMEORIGIN");
    expect(headers["x-content-type-options"]).toBeUndefined();
    expect(headers["x-powered-by"]).toBe("Express");
    expect(headers["cross-origin-opener-policy"]).toBe("same-origin");
  });

  it.each([
    ["on helmet's directives", true, /^default-src 'self';.*connect-src https:$/],
    ["alone", false, /^default-src 'self';connect-src https:$/],
  ])("stands the directives %s when useDefaults says so", async (_title, useDefaults, policy) => {
    const directives = { "default-src": ["'self'"], connectSrc: new Set(["https:"]) };
    const app = appWith({ helmet: { contentSecurityPolicy: { useDefaults, directives } } });
    await request(app).get("/").expect("Content-Security-Policy", policy);
  });

  it("keeps the headers on refusals of later guards and on Express's own 404", async () => {
    const guard = createGuard("fake", "authentication", { mode: "enforce", onDenied: "respond" });
    const app = express().use(secureHeaders());
    app.get(
      "/",
      guard.middleware((req, res, next) =>
        guard.refuse(new HttpError("invalid_token"), req, res, next),
      ),
    );
    const refused = await request(app).get("/").expect(401);
    expect(securityHeaders(refused.headers)).toEqual(API_HEADERS);
    await request(app).get("/nowhere").expect(404).expect("X-Frame-Options", "DENY");
  });

  it("sets the headers once when it is mounted twice", async () => {
    const app = express().use(secureHeaders(), secureHeaders());
    app.get("/", (_req, res) => void res.json({ ok: true }));
    const answer = await request(app).get("/").expect(200);
    expect(securityHeaders(answer.headers)).toEqual(API_HEADERS);
  });

  it("sends only a report-only policy in report mode", async () => {
    const answer = await request(appWith({ mode: "report" }))
      .get("/")
      .expect(200);
    expect(securityHeaders(answer.headers)).toEqual({
      "content-security-policy-report-only": CSP,
      "x-powered-by": "Express",
    });
  });

  it("leaves a report-only policy of the app alone in report mode", async () => {
    const app = express().use((_req, res, next) => {
      res.setHeader("Content-Security-Policy-Report-Only", "default-src 'self'");
      next();
    });
    app.use(secureHeaders({ mode: "report" }));
    app.get("/", (_req, res) => void res.json({}));
    await request(app).get("/").expect("Content-Security-Policy-Report-Only", "default-src 'self'");
  });

  it("records no decision when there was nothing to decide", async () => {
    const seen: (readonly Decision[])[] = [];
    const app = express().use(secureHeaders({ cors: { origins: "https://app.example.com" } }));
    app.use((req, res) => {
      seen.push(decisionsOf(req));
      res.end();
    });
    await request(app).post("/").set("Cookie", "sid=1").expect(200);
    await request(app).get("/").set("Sec-Fetch-Site", "same-origin").expect(200);
    expect(seen).toEqual([[], []]);
  });
});

describe("secureHeaders", () => {
  it("is named and branded", () => {
    const handler = secureHeaders({ cors: { origins: "*" }, mode: "report" });
    expect(handler.name).toBe("secureHeadersMiddleware");
    expect(handler).toHaveLength(3);
    expect(
      JSON.parse((handler as unknown as { expressSecureApiGuard: string }).expressSecureApiGuard),
    ).toEqual({
      guard: "secureHeaders",
      kind: "headers",
      mode: "report",
      rule: "preset(api), cors, crossOriginGuard",
    });
  });

  it.each<[string, unknown, string]>([
    [
      "an unknown preset",
      { preset: "strict" },
      'preset must be one of "api", "web", "helmet", got',
    ],
    ["a misspelt preset", { preset: "helmt" }, 'did you mean "helmet"?'],
    [
      "a cross-origin guard from an unset variable",
      { crossOriginGuard: undefined },
      "secureHeaders.crossOriginGuard must not be undefined",
    ],
    ["report", { report: {} }, 'must not have an option "report"'],
    [
      "a helmet option at the top",
      { contentSecurityPolicy: {} },
      'did you mean "helmet.contentSecurityPolicy"?',
    ],
    ["origins at the top", { origins: [] }, 'did you mean "cors.origins"?'],
    [
      "what helmet ignores",
      { helmet: { permissionsPolicy: {} } },
      'secureHeaders.helmet must not have an option "permissionsPolicy"',
    ],
    ["a misspelt helmet option", { helmet: { frameGuard: false } }, 'did you mean "frameguard"?'],
    [
      "a misspelt member",
      { helmet: { hsts: { maxage: 1 } } },
      'secureHeaders.helmet.hsts must not have an option "maxage": did you mean "maxAge"?',
    ],
    [
      "a helmet option twice",
      { helmet: { hsts: {}, strictTransportSecurity: {} } },
      "helmet.hsts must be left out when strictTransportSecurity is given",
    ],
    [
      "hsts in two places",
      { hsts: {}, helmet: { hsts: {} } },
      "hsts must be left out when helmet.strictTransportSecurity is given",
    ],
    [
      "null for a header",
      { helmet: { xFrameOptions: null } },
      "helmet.xFrameOptions must be true, false or an object with action, got null",
    ],
    [
      "options of a header that has none",
      { helmet: { xPoweredBy: {} } },
      "helmet.xPoweredBy must be true or false",
    ],
    [
      "a directive function",
      { helmet: { contentSecurityPolicy: { directives: { scriptSrc: [() => "'nonce-1'"] } } } },
      'directives["scriptSrc"] must not hold functions',
    ],
    [
      "a directive that is a function",
      { helmet: { contentSecurityPolicy: { directives: { scriptSrc: () => "x" } } } },
      "must not hold functions",
    ],
    [
      "an odd directive element",
      { helmet: { contentSecurityPolicy: { directives: { scriptSrc: [5] } } } },
      'directives["scriptSrc"] must hold strings, got 5',
    ],
    [
      "directives that are no object",
      { helmet: { contentSecurityPolicy: { directives: "x" } } },
      "contentSecurityPolicy.directives must be an object",
    ],
    [
      "what helmet refuses",
      { helmet: { contentSecurityPolicy: { directives: { "script-src": ["self"] } } } },
      "helmet must be what helmet accepts: ",
    ],
    [
      "a line break in a value",
      { helmet: { contentSecurityPolicy: { directives: { "script-src": ["a\r\nX: y"] } } } },
      "helmet must be what helmet accepts: Invalid character",
    ],
    ["hsts: true", { hsts: true }, "hsts must be false or an options object, got true"],
    ["a bare maxAge", { hsts: { maxAge: 60_000 } }, 'a bare number has no unit, write "1m"'],
    [
      "preload for a month",
      { hsts: { maxAge: "30d", preload: true } },
      'hsts must have includeSubDomains and a maxAge of at least "365d"',
    ],
    [
      "preload without subdomains",
      { helmet: { hsts: { preload: true, includeSubDomains: false } } },
      "hsts must have includeSubDomains",
    ],
    [
      "cacheControl: true",
      { cacheControl: true },
      'cacheControl must be "no-store", "authenticated" or false, got true',
    ],
    [
      "a guard that is null",
      { crossOriginGuard: null },
      "crossOriginGuard must be true, false or an options object, got null",
    ],
    ["a bad exemption", { crossOriginGuard: { exempt: "callback" } }, 'exempt must start with "/"'],
    [
      "a login from an unset variable",
      { crossOriginGuard: { always: undefined } },
      "crossOriginGuard.always must not be undefined",
    ],
    [
      "cookies from an unset variable",
      { cookies: undefined },
      "secureHeaders.cookies must not be undefined",
    ],
    [
      "cookies: true",
      { cookies: true },
      'cookies must be "warn", "enforce" or false, got true: write "enforce" to add what is missing',
    ],
    ["no login", { crossOriginGuard: { always: [] } }, "got an empty list"],
    [
      "a login that changes nothing",
      { crossOriginGuard: { always: ["/a", "GET /login"] } },
      "crossOriginGuard.always[1] must have a method that changes something, or none: GET does not",
    ],
    [
      "a login that is exempt",
      { crossOriginGuard: { always: "/login", exempt: "/login" } },
      "crossOriginGuard.always[0] must not be in exempt as well",
    ],
    ...[
      ["POST /login", "/login"],
      ["POST /auth/login", "/auth/*"],
      ["/login", "/:page"],
    ].map(([always = "", exempt = ""]): [string, object, string] => [
      `${always}, of which ${exempt} is exempt`,
      { crossOriginGuard: { always, exempt } },
      "crossOriginGuard.always[0] must not be in exempt as well",
    ]),
    [
      "a login with a slash",
      { crossOriginGuard: { always: "/login/" } },
      'must not end with "/": write "/login"',
    ],
    ["a request", { method: "GET", headers: {} }, 'must not have an option "method"'],
  ])("refuses %s", (_title, options, problem) => {
    expect(problemsOf(options).join("\n")).toContain(problem);
  });

  it("names every problem in one error", () => {
    expect(
      problemsOf({
        preset: "wbe",
        hsts: 5,
        cors: { origins: ["null", "https://a.example/"] },
        mode: "dry",
      }),
    ).toHaveLength(5);
  });
});

describe("secureHeaders under a polluted Object.prototype", () => {
  afterEach(() => {
    Reflect.deleteProperty(Object.prototype, "reportOnly");
    Reflect.deleteProperty(Object.prototype, "frameguard");
  });

  it("still sends the preset", async () => {
    const [, express] = expressVersions[1] ?? [];
    if (express === undefined) throw new Error("no Express");
    const app = express();
    Object.assign(Object.prototype, { reportOnly: true, frameguard: false });
    app.use(secureHeaders());
    Reflect.deleteProperty(Object.prototype, "reportOnly");
    Reflect.deleteProperty(Object.prototype, "frameguard");
    const answer = await request(app).get("/").expect(404);
    expect(answer.headers["x-frame-options"]).toBe("DENY");
    expect(answer.headers["content-security-policy-report-only"]).toBeUndefined();
  });
});
