import type { Express } from "express";
import request from "supertest";
import { describe, expect, it, vi } from "vitest";
import { expressVersions } from "../../test/support/express.js";
import { OptionsError } from "../core/options/options-error.js";
import { errorHandler, notFound } from "../errors/index.js";
import { secureHeaders } from "./secure-headers.js";
import type { SecureHeadersOptions } from "./secure-headers-options.js";

const API = "default-src 'none';base-uri 'none';form-action 'none';frame-ancestors 'none'";
const CSP = "content-security-policy";

function problemsOf(options: unknown): string {
  try {
    secureHeaders(options as SecureHeadersOptions);
  } catch (error) {
    if (error instanceof OptionsError) return error.problems.join("\n");
    throw error;
  }
  return "";
}

describe.each(expressVersions)("pages on Express %s", (_major, express) => {
  const PAGES: NonNullable<SecureHeadersOptions["pages"]> = {
    "/admin/*": { profile: "web", csp: { nonce: true } },
    "/docs/*": "swagger-ui",
    "/docs/:name/print": "web",
    "GET /about": "web",
  };

  function appWith(options: SecureHeadersOptions = { pages: PAGES }): Express {
    const app = express().use(secureHeaders(options));
    app.set("env", "test");
    app.get("/docs/fails", () => {
      throw new Error("x");
    });
    app.use((req, res, next) => {
      if (req.path.endsWith("nowhere")) next();
      else res.json({ nonce: res.locals["cspNonce"] });
    });
    return app;
  }
  async function policyOf(app: Express, path: string): Promise<string> {
    return (await request(app).get(path)).headers[CSP] ?? "";
  }

  it("have a policy of their own, and all other paths have that of the API", async () => {
    const app = appWith();
    for (const path of ["/", "/orders", "/documents", "/about/us"])
      expect(await policyOf(app, path)).toBe(API);
    for (const path of ["/docs", "/docs/", "/docs/swagger-ui.css"])
      expect(await policyOf(app, path)).toContain("style-src 'self' 'unsafe-inline'");
    expect(await policyOf(app, "/about")).toContain("default-src 'self'");
  });

  it("keep who may frame them, and what the API's headers are otherwise", async () => {
    const { headers } = await request(appWith()).get("/docs/");
    expect(headers[CSP]).toContain("frame-ancestors 'none'");
    expect(headers).toMatchObject({
      "x-frame-options": "DENY",
      "x-content-type-options": "nosniff",
      "cache-control": "no-store",
    });
  });

  it("never allow inline scripts or eval by a profile", async () => {
    const app = appWith();
    for (const path of ["/docs/", "/about", "/docs/a/print"]) {
      const policy = await policyOf(app, path);
      expect(policy).not.toContain("unsafe-eval");
      expect(/script-src [^;]*unsafe-inline|default-src [^;]*unsafe-inline/.test(policy)).toBe(
        false,
      );
    }
  });

  it("have nonces where that is said, another one for each answer", async () => {
    const app = appWith();
    const [one, other] = [await request(app).get("/admin"), await request(app).get("/admin")];
    expect(one.body.nonce).not.toBe(other.body.nonce);
    expect(one.headers[CSP]).toContain(`'nonce-${one.body.nonce}'`);
    expect((await request(app).get("/docs/")).body.nonce).toBeUndefined();
    expect(await policyOf(app, "/docs/")).not.toContain("nonce");
  });

  it("follow the most specific pattern, in whatever order they stand", async () => {
    const app = appWith();
    expect(await policyOf(app, "/docs/orders/print")).toContain("default-src 'self'");
    expect(await policyOf(app, "/docs/orders/prints")).toContain("default-src 'none'");
  });

  it.each(["/DOCS/", "//docs/", "/docs//x", "/docs/%2e/x", "/docs;a/", "/admin/..%2fdocs/"])(
    "match the exact spelling of a path only: %s has the policy of the API",
    async (path) => {
      const app = appWith({ pages: { "/docs/*": "swagger-ui" } });
      expect(await policyOf(app, path)).toBe(API);
    },
  );

  it("match a method only where one is named", async () => {
    const app = appWith();
    const { headers } = await request(app).post("/about");
    expect(headers[CSP]).toBe(API);
    expect((await request(app).head("/about")).headers[CSP]).toContain("default-src 'self'");
  });

  it("are changed by an override behind them, which keeps what they have", async () => {
    const headers = secureHeaders({ pages: PAGES });
    const app = express().use(headers, headers.override({ cacheControl: false }));
    app.use((_req, res) => void res.json({}));
    const there = (await request(app).get("/docs/")).headers;
    expect(there[CSP]).toContain("style-src 'self' 'unsafe-inline'");
    expect(there["cache-control"]).toBeUndefined();
    expect((await request(app).get("/")).headers[CSP]).toBe(API);
  });

  it("keep their headers on the 404 and on errors of the app", async () => {
    for (const html of [false, true]) {
      const app = appWith().use(notFound({ html }), errorHandler({ html }));
      const sent = { Accept: html ? "text/html" : "application/json" };
      for (const [path, status] of [
        ["/docs/nowhere", 404],
        ["/docs/fails", 500],
        ["/nowhere", 404],
      ] as const) {
        const { headers } = await request(app).get(path).set(sent).expect(status);
        expect(headers).toMatchObject({
          "x-frame-options": "DENY",
          "x-content-type-options": "nosniff",
          "referrer-policy": "no-referrer",
        });
        expect(headers[CSP]).toContain("frame-ancestors 'none'");
        if (!html && path.startsWith("/docs")) expect(headers[CSP]).toContain("script-src 'self'");
      }
    }
  });

  it("lose their policy to Express's own error pages, which have a weaker one", async () => {
    const { headers } = await request(appWith()).get("/docs/nowhere").expect(404);
    expect(headers[CSP]).toBe("default-src 'none'");
  });

  it("are tried out in report mode", async () => {
    const { headers } = await request(appWith({ mode: "report", pages: PAGES })).get("/docs/");
    expect(headers[CSP]).toBeUndefined();
    expect(headers[`${CSP}-report-only`]).toContain("style-src 'self' 'unsafe-inline'");
  });

  it("are warned of where no request can match them", async () => {
    const warned = vi.spyOn(process, "emitWarning").mockReturnValue(undefined);
    const app = express().use("/v1", secureHeaders({ pages: { "/docs/*": "swagger-ui" } }));
    await request(app).get("/v1/docs/");
    expect(String(warned.mock.calls[0]?.[0])).toContain("/docs/*");
    warned.mockRestore();
  });
});

describe("pages", () => {
  it.each<[string, unknown, string]>([
    ["a list", ["/docs/*"], "secureHeaders.pages must be an object that says for each pattern"],
    ["nothing", {}, "secureHeaders.pages must be an object"],
    ["every path", { "/*": "web" }, 'must not cover every route: write preset: "web"'],
    ["what is no pattern", { docs: "web" }, 'secureHeaders.pages["docs"] must start with "/"'],
    [
      "an unset value",
      { "/docs/*": undefined },
      'pages["/docs/*"] must say what is different, got undefined',
    ],
    ["an unknown profile", { "/docs/*": "redoc" }, 'must be one of "web", "swagger-ui"'],
    [
      "an unknown option",
      { "/docs/*": { cors: {} } },
      'secureHeaders.pages["/docs/*"] must not have an option "cors"',
    ],
    [
      "what helmet refuses",
      { "/docs/*": { helmet: { contentSecurityPolicy: { directives: { imgSrc: ["self"] } } } } },
      'secureHeaders.pages["/docs/*"].helmet must be what helmet accepts',
    ],
  ])("refuse %s", (_title, pages, problem) => {
    expect(problemsOf({ pages })).toContain(problem);
  });

  it("name what is wrong elsewhere once", () => {
    const helmet = { contentSecurityPolicy: { directives: { imgSrc: ["self"] } } };
    const problems = problemsOf({ helmet, pages: { "/a": "web", "/b": "swagger-ui" } });
    expect(problems.split("\n")).toHaveLength(1);
  });
});
