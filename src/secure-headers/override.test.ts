import type { Express, RequestHandler } from "express";
import request from "supertest";
import { describe, expect, it } from "vitest";
import { expressVersions } from "../../test/support/express.js";
import { OptionsError } from "../core/options/options-error.js";
import type { PageHeaders } from "./overrides/header-overrides.js";
import { secureHeaders } from "./secure-headers.js";
import type { SecureHeadersOptions } from "./secure-headers-options.js";

const CSP = "content-security-policy";
const SWAGGER =
  "default-src 'none';base-uri 'none';form-action 'none';frame-ancestors 'none';script-src 'self';style-src 'self' 'unsafe-inline';img-src 'self' data:;connect-src 'self'";
const images = { contentSecurityPolicy: { directives: { imgSrc: ["'self'"] } } };

function problemsOf(overrides: unknown, options?: SecureHeadersOptions): string {
  const headers = secureHeaders(options);
  try {
    headers.override(overrides as PageHeaders);
  } catch (error) {
    if (error instanceof OptionsError) return error.problems.join("\n");
    throw error;
  }
  return "";
}

describe.each(expressVersions)("headers.override on Express %s", (_major, express) => {
  function appWith(
    overrides: PageHeaders,
    options: SecureHeadersOptions = {},
    ...between: RequestHandler[]
  ): Express {
    const headers = secureHeaders(options);
    const app = express().use(headers, ...between);
    app.use("/docs", headers.override(overrides));
    app.use((_req, res) => void res.json({}));
    return app;
  }
  async function headersOf(app: Express, path: string, sent = {}): Promise<Record<string, string>> {
    const { headers } = await request(app).get(path).set(sent).expect(200);
    return headers;
  }

  it("changes what it names and keeps everything else, frame-ancestors as well", async () => {
    const options: SecureHeadersOptions = {
      helmet: { contentSecurityPolicy: { directives: { "connect-src": ["'self'"] } } },
    };
    const app = appWith({ helmet: images }, options);
    const [there, elsewhere] = [await headersOf(app, "/docs/x"), await headersOf(app, "/x")];
    expect(there[CSP]).toBe(`${elsewhere[CSP]};img-src 'self'`);
    expect(there[CSP]).toContain("frame-ancestors 'none'");
    const others = ({ [CSP]: _policy, date: _date, ...rest }: Record<string, string>) => rest;
    expect(others(there)).toEqual(others(elsewhere));
  });

  it.each<[string, PageHeaders]>([
    ["true", { helmet: { contentSecurityPolicy: true } }],
    ["useDefaults: true", { helmet: { contentSecurityPolicy: { useDefaults: true } } }],
    [
      "useDefaults: false",
      {
        helmet: {
          contentSecurityPolicy: { useDefaults: false, directives: { defaultSrc: "'self'" } },
        },
      },
    ],
    ["a profile and true", { profile: "web", helmet: { contentSecurityPolicy: true } }],
    [
      "a profile and useDefaults",
      { profile: "swagger-ui", helmet: { contentSecurityPolicy: { useDefaults: true } } },
    ],
  ])(
    "keeps frame-ancestors where the whole policy is another one: %s",
    async (_title, overrides) => {
      const ancestors = { directives: { frameAncestors: ["https://portal.example"] } };
      const options = { helmet: { contentSecurityPolicy: ancestors } };
      const there = await headersOf(appWith(overrides, options), "/docs/x");
      expect(there[CSP]?.match(/frame-ancestors [^;]+/g)).toEqual([
        "frame-ancestors https://portal.example",
      ]);
      const paged = express().use(secureHeaders({ ...options, pages: { "/docs/*": overrides } }));
      paged.use((_req, res) => void res.json({}));
      expect((await headersOf(paged, "/docs/x"))[CSP]).toBe(there[CSP]);
      const tried = appWith(overrides, { ...options, mode: "report" });
      expect((await headersOf(tried, "/docs/x"))[`${CSP}-report-only`]).toContain(
        "frame-ancestors https://portal.example",
      );
    },
  );

  it("takes back what was to be done when the answer is sent", async () => {
    const headers = secureHeaders({ preset: "web", csp: { nonce: true } });
    const app = express().use(headers);
    app.use("/docs", headers.override({ cacheControl: false, csp: { nonce: false } }));
    app.use((_req, res) => void res.cookie("a", "b").json({}));
    expect((await headersOf(app, "/x"))["cache-control"]).toBe("no-store");
    expect((await headersOf(app, "/docs/x"))["cache-control"]).toBeUndefined();
    app.use("/more", (_req, _res, next) => next());
    const other = express().use(headers);
    other.use(
      "/docs",
      headers.override({ cacheControl: false }),
      headers.override({ csp: { nonce: true } }),
    );
    other.use((_req, res) => void res.json({}));
    expect((await headersOf(other, "/docs/x"))["cache-control"]).toBe("private");
  });

  it("takes the rest of the preset's policy with true", async () => {
    const directives = { scriptSrc: ["https://cdn.example"], frameAncestors: ["'self'"] };
    const options = { helmet: { contentSecurityPolicy: { directives } } };
    const app = appWith({ helmet: { contentSecurityPolicy: true } }, options);
    expect((await headersOf(app, "/docs/x"))[CSP]).toBe(
      "default-src 'none';base-uri 'none';form-action 'none';frame-ancestors 'self'",
    );
  });

  it("takes frame-ancestors that is named beside useDefaults", async () => {
    const policy = { useDefaults: true, directives: { "frame-ancestors": ["'self'"] } };
    const app = appWith({ helmet: { contentSecurityPolicy: policy } });
    expect((await headersOf(app, "/docs/x"))[CSP]).toContain("frame-ancestors 'self'");
  });

  it("turns a header off, and another one on", async () => {
    const app = appWith({
      helmet: { frameguard: false, crossOriginResourcePolicy: { policy: "cross-origin" } },
      cacheControl: false,
      permissionsPolicy: { camera: "self" },
    });
    const there = await headersOf(app, "/docs");
    expect(there["x-frame-options"]).toBeUndefined();
    expect(there["cache-control"]).toBeUndefined();
    expect(there["cross-origin-resource-policy"]).toBe("cross-origin");
    expect(there["permissions-policy"]).toBe("camera=(self)");
    expect((await headersOf(app, "/"))["x-frame-options"]).toBe("DENY");
  });

  it("leaves a header that it does not name to the middleware in between", async () => {
    const app = appWith({ helmet: images }, {}, (_req, res, next) => {
      res.setHeader("Cache-Control", "max-age=60");
      next();
    });
    expect((await headersOf(app, "/docs"))["cache-control"]).toBe("max-age=60");
  });

  it("sends on some answers only what was sent on all of them", async () => {
    const app = appWith({ cacheControl: "authenticated" });
    expect((await headersOf(app, "/docs"))["cache-control"]).toBeUndefined();
    const own = await headersOf(app, "/docs", { Authorization: "Bearer x" });
    expect(own["cache-control"]).toBe("no-store");
  });

  it("knows what Swagger UI needs", async () => {
    expect((await headersOf(appWith("swagger-ui"), "/docs"))[CSP]).toBe(SWAGGER);
    const issuer = { connectSrc: ["'self'", "https://issuer.example"] };
    const app = appWith({
      profile: "swagger-ui",
      helmet: { contentSecurityPolicy: { directives: issuer } },
    });
    expect((await headersOf(app, "/docs"))[CSP]).toBe(
      SWAGGER.replace("connect-src 'self'", "connect-src 'self' https://issuer.example"),
    );
  });

  it("has the headers of the preset web for pages, but for who may frame them and what holds for the host", async () => {
    const options = { hsts: { always: true, maxAge: "365d" }, helmet: { xFrameOptions: true } };
    const sent = { Host: "api.example.com" };
    const there = await headersOf(appWith("web", options), "/docs", sent);
    expect(there).toMatchObject({
      [CSP]:
        "default-src 'self';base-uri 'none';form-action 'self';img-src 'self' data:;object-src 'none';frame-ancestors 'none'",
      "referrer-policy": "strict-origin-when-cross-origin",
      "cross-origin-opener-policy": "same-origin-allow-popups",
      "x-frame-options": "DENY",
      "strict-transport-security": "max-age=31536000; includeSubDomains",
    });
    expect(there["permissions-policy"]).toContain("camera=()");
    expect(there["cache-control"]).toBeUndefined();
  });

  it("puts the nonce of the answer into the policy", async () => {
    const headers = secureHeaders();
    const app = express().use(headers);
    app.get("/", headers.override({ profile: "web", csp: { nonce: true } }), (_req, res) => {
      res.json({ nonce: res.locals["cspNonce"] });
    });
    const { body, headers: fields } = await request(app).get("/").expect(200);
    expect(body.nonce).toMatch(/^[\w-]{24}$/);
    expect(fields[CSP]).toContain(`'nonce-${body.nonce}'`);
  });

  it("counts alone behind another one", async () => {
    const headers = secureHeaders();
    const app = express().use(headers);
    app.use(headers.override({ cacheControl: false, helmet: { originAgentCluster: true } }));
    app.get("/", headers.override({ helmet: images }), (_req, res) => void res.json({}));
    const fields = await headersOf(app, "/");
    expect(fields).toMatchObject({ "cache-control": "no-store" });
    expect(fields["origin-agent-cluster"]).toBeUndefined();
    expect(fields[CSP]).toContain("img-src 'self'");
  });

  it("has all headers where nothing ran in front of it", async () => {
    const app = express().use(secureHeaders().override({ helmet: images }));
    app.get("/", (_req, res) => void res.json({}));
    expect(await headersOf(app, "/")).toMatchObject({
      "x-frame-options": "DENY",
      "cache-control": "no-store",
    });
  });

  it("tries its policy out in report mode, and changes nothing else", async () => {
    const app = appWith("swagger-ui", { mode: "report" });
    const there = await headersOf(app, "/docs");
    expect(there[`${CSP}-report-only`]).toBe(SWAGGER);
    expect(there["x-powered-by"]).toBe("Express");
    expect(there[CSP]).toBeUndefined();
    expect(there["cache-control"]).toBeUndefined();
  });

  it("stays what it was when the app changes its options later", async () => {
    const directives = { connectSrc: new Set(["'self'"]) };
    const headers = secureHeaders({ helmet: { contentSecurityPolicy: { directives } } });
    directives.connectSrc.add("https://evil.example");
    const app = express().use(headers.override({ helmet: images }));
    app.get("/", (_req, res) => void res.json({}));
    expect((await headersOf(app, "/"))[CSP]).toContain("connect-src 'self';");
  });
});

describe("headers.override", () => {
  it("is branded as what secureHeaders is", () => {
    const mark = Object.getOwnPropertyDescriptor(
      secureHeaders().override("web"),
      "expressSecureApiGuard",
    );
    expect(JSON.parse(String(mark?.value))).toEqual({
      guard: "secureHeaders",
      kind: "headers",
      mode: "enforce",
      rule: "override",
    });
  });

  it.each<[string, unknown, string]>([
    ["nothing", undefined, "secureHeaders.override must say what is different, got undefined"],
    ["no difference", {}, "secureHeaders.override must say what is different"],
    ["a misspelt profile", "swager-ui", 'did you mean "swagger-ui"?'],
    ["a misspelt profile in an object", { profile: "wbe" }, 'did you mean "web"?'],
    [
      "a profile from an unset variable",
      { profile: undefined },
      "secureHeaders.override.profile must not be undefined",
    ],
    ["hsts", { hsts: false }, "it holds for the whole host"],
    ["hsts in helmet", { helmet: { hsts: false } }, "it holds for the whole host"],
    ["cors", { cors: { origins: "*" } }, "what is refused is decided by secureHeaders itself"],
    [
      "directives in the wrong place",
      { directives: {} },
      "write helmet: { contentSecurityPolicy: { directives } }",
    ],
    ["helmet's names", { frameguard: false }, 'did you mean "helmet.frameguard"?'],
    [
      "an unknown directive",
      { helmet: { contentSecurityPolicy: { directives: { scriptSource: "x" } } } },
      'did you mean "script-src"?',
    ],
    [
      "a nonce beside 'unsafe-inline'",
      { profile: "swagger-ui", csp: { nonce: true } },
      "secureHeaders.override.csp.nonce",
    ],
    [
      "both names of a header",
      { helmet: { xFrameOptions: true, frameguard: true } },
      "must be left out when xFrameOptions is given",
    ],
  ])("refuses %s", (_title, overrides, problem) => {
    expect(problemsOf(overrides)).toContain(problem);
  });

  it("takes a header under its other name for the same one", () => {
    const options: SecureHeadersOptions = { helmet: { xFrameOptions: { action: "deny" } } };
    expect(problemsOf({ helmet: { frameguard: { action: "sameorigin" } } }, options)).toBe("");
  });

  it("says that it must be called before it is mounted", () => {
    const headers = secureHeaders();
    expect(() => headers.override({ method: "GET", headers: {} } as PageHeaders)).toThrow(
      OptionsError,
    );
  });
});
