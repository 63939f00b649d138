import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ErrorRequestHandler, Express } from "express";
import request from "supertest";
import { describe, expect, it, vi } from "vitest";
import { expressVersions } from "../../test/support/express.js";
import { OptionsError } from "../core/options/options-error.js";
import { getAuth } from "../oauth-guard/index.js";
import type { RateLimitOptions } from "../rate-limit/index.js";
import { secureHeaders } from "../secure-headers/secure-headers.js";
import { createTestIssuer } from "../testing/index.js";
import { secureApi } from "./secure-api.js";
import type { SecureApiOptions } from "./secure-api-options.js";

const issuer = createTestIssuer();

describe.each(expressVersions)("public routes on Express %s", (_major, express) => {
  function appWith(options: Partial<SecureApiOptions>, mount = "/"): Express {
    vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
    const app = (express as unknown as () => Express)();
    const security = secureApi({
      auditLog: false,
      rateLimit: false,
      oauthGuard: issuer.options(),
      ...options,
    });
    app.use(mount, security);
    app.all(/^/, (req, res) => void res.json({ auth: getAuth(req)?.subject ?? null }));
    app.use(((error, _req, res, _next) => {
      res.status(500).json({ failed: String(error) });
    }) as ErrorRequestHandler);
    return app;
  }

  const login = (limit: object): RateLimitOptions =>
    ({ limit: 2, window: "1h", match: "POST /login", ...limit }) as RateLimitOptions;

  it.each<[string, RateLimitOptions]>([
    ["key: 'principal'", login({ key: "principal" })],
    ["phase: 'after-auth'", login({ key: () => "everybody", phase: "after-auth" })],
    ["phase: 'before-auth'", login({ key: () => "everybody", phase: "before-auth" })],
    ["key: 'ip'", login({ key: "ip" })],
    ["a list of policies", { policies: [login({ key: "principal" })] } as RateLimitOptions],
  ])(
    "policies with %s are applied: no third login passes a limit of two",
    async (_what, limits) => {
      const app = appWith({ rateLimit: limits, publicRoutes: ["POST /login"] });
      const first = await request(app).post("/login").expect(200);
      expect(first.headers["ratelimit-policy"]).toBe('"2-per-1h";q=2;w=3600');
      await request(app).post("/login").set("Authorization", "Bearer stale").expect(200);
      const third = await request(app).post("/login").expect(429);
      expect(third.body.code).toBe("rate_limit_exceeded");
    },
  );

  it("policies whose match does not cover the route are not applied", async () => {
    const app = appWith({
      rateLimit: login({ key: "principal", limit: 1 }),
      publicRoutes: ["POST /login", "GET /health"],
    });
    for (let n = 0; n < 3; n += 1) await request(app).get("/health").expect(200);
  });

  it("`getAuth(req)` on a public route of the preset is `null`, not a throw", async () => {
    const app = appWith({ publicRoutes: ["GET /health"] });
    await request(app).get("/health").expect(200, { auth: null });
    const token = issuer.mint({ sub: "ada" });
    // The guard does not look at it.
    await request(app).get("/health").auth(token, { type: "bearer" }).expect(200, { auth: null });
    await request(app).get("/me").auth(token, { type: "bearer" }).expect(200, { auth: "ada" });
  });

  describe("narrow opening is possible to use", () => {
    it("`GET /docs/*` opens what express.static redirects to, trailing slash included", async () => {
      const folder = mkdtempSync(join(tmpdir(), "docs-"));
      mkdirSync(join(folder, "deep"));
      for (const name of ["index.html", "deep/index.html"]) writeFileSync(join(folder, name), "ui");
      vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
      const app = (express as unknown as () => Express)();
      app.use(
        secureApi({
          auditLog: false,
          rateLimit: false,
          oauthGuard: issuer.options(),
          publicRoutes: ["GET /docs/*"],
        }),
      );
      app.use("/docs", express.static(folder));
      for (const path of ["/docs", "/docs/deep"]) {
        const redirect = await request(app).get(path).expect(301);
        expect(redirect.headers["location"]).toBe(`${path}/`);
        await request(app).get(`${path}/`).expect(200, "ui");
      }
      for (const path of ["/docs//", "/docs/./", "/docs/deep//", "/Docs/", "/docs/%2F"]) {
        await request(app).get(path).expect(401);
      }
    });

    it("a page such as Swagger UI gets headers with which it loads, as the reference page says", async () => {
      vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
      const app = (express as unknown as () => Express)();
      app.use(
        secureApi({
          auditLog: false,
          rateLimit: false,
          oauthGuard: issuer.options(),
          publicRoutes: ["GET /docs/*", "GET /health"],
        }),
      );
      const forPages = secureHeaders({
        helmet: {
          contentSecurityPolicy: {
            directives: {
              defaultSrc: ["'self'"],
              styleSrc: ["'self'", "'unsafe-inline'"],
              imgSrc: ["'self'", "data:"],
            },
          },
        },
      });
      app.use("/docs", forPages, (_req, res) => void res.send("page"));
      app.get("/health", (_req, res) => void res.send("ok"));
      const cspOf = async (path: string): Promise<readonly string[]> => {
        const { headers } = await request(app).get(path).expect(200);
        return String(headers["content-security-policy"]).split(";");
      };
      expect(await cspOf("/docs/")).toEqual(
        expect.arrayContaining([
          "default-src 'self'",
          "style-src 'self' 'unsafe-inline'",
          "img-src 'self' data:",
          "frame-ancestors 'none'",
        ]),
      );
      expect(await cspOf("/health")).toContain("default-src 'none'");
    });

    it("an exact pattern may end in a slash", async () => {
      const app = appWith({ publicRoutes: ["GET /docs/"] });
      await request(app).get("/docs/").expect(200);
      await request(app).head("/docs/?a=1").expect(200);
      for (const path of ["/docs", "/docs//", "/docs/a", "/docs/a/"]) {
        await request(app).get(path).expect(401);
      }
    });

    it("`GET /api` can be public when the preset is mounted at `/api`", async () => {
      const app = appWith({ publicRoutes: ["GET /api"] }, "/api");
      await request(app).get("/api").expect(200);
      await request(app).get("/api?x=1").expect(200);
      for (const path of ["/api/", "/API", "/api//", "/api/a"]) {
        await request(app).get(path).expect(401);
      }
      const slashed = appWith({ publicRoutes: ["GET /api/"] }, "/api");
      await request(slashed).get("/api/").expect(200);
      await request(slashed).get("/api").expect(401);
      const both = appWith({ publicRoutes: ["GET /api/*"] }, "/api");
      for (const path of ["/api", "/api/", "/api/a"]) await request(both).get(path).expect(200);
    });
  });

  it("a public POST with `?_method=DELETE` is not public", async () => {
    const app = appWith({ publicRoutes: ["POST /webhooks"] });
    await request(app).post("/webhooks?method=1").expect(200);
    for (const query of [
      "_method=DELETE",
      "a&_Method=x",
      "_%6dethod=PUT",
      "_method[]=PUT",
      "%5B_method]=PUT",
    ]) {
      await request(app).post(`/webhooks?${query}`).expect(401);
    }
    await request(app).post("/webhooks").set("X-HTTP-Method-Override", "DELETE").expect(401);
  });

  it("records the decision of the preset itself", async () => {
    const seen: unknown[] = [];
    const listen = (message: unknown): void => void seen.push(message);
    const app = appWith({ publicRoutes: ["GET /docs/*"] });
    subscribe("express-secure-api:decision", listen);
    await request(app).get("/docs/a");
    unsubscribe("express-secure-api:decision", listen);
    expect(seen).toContainEqual({
      guard: "secureApi",
      outcome: "allow",
      enforced: true,
      code: "ok",
      reason: "public_route",
      rule: "GET /docs/*",
    });
    expect(seen).not.toContainEqual(expect.objectContaining({ guard: "oauthGuard" }));
  });

  it("opening everything is possible, by the name `dangerouslyPublicRoutes`", async () => {
    const app = appWith({ dangerouslyPublicRoutes: ["GET /*"] });
    for (const path of ["/", "/any", "/any/thing/"]) await request(app).get(path).expect(200);
    await request(app).post("/any").expect(401);
  });
});

describe.each(expressVersions)(
  "patterns that no request can match, on Express %s,",
  (major, express) => {
    it.each([
      ["/api", true],
      ["/", false],
      ["/v1", true],
    ])("are named in a warning when the preset is mounted at %s: %s", async (mount, warns) => {
      const warn = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
      warn.mockClear();
      const app = (express as unknown as () => Express)();
      const security = secureApi({
        auditLog: false,
        oauthGuard: issuer.options(),
        rateLimit: { limit: 1, window: "1h", match: ["POST /login", "POST /api/login"] },
        publicRoutes: ["GET /api/health"],
      });
      app.use(mount, security);
      for (let n = 0; n < 2; n += 1) await request(app).get(`${mount}/orders`.replace("//", "/"));
      const texts = warn.mock.calls
        .filter(([, details]) =>
          (details as { code: string }).code.endsWith("_UNREACHABLE_PATTERN"),
        )
        .map(([text]) => String(text));
      expect(texts).toHaveLength(warns ? 1 : 0);
      if (mount === "/api") expect(texts[0]).toMatch(/: POST \/login\. /);
    });

    it.each([
      ["a star", major === "4" ? "*" : "/{*any}"],
      ["an expression", /.*/],
    ])("are none when it is mounted at every path, by %s", async (_how, mount) => {
      const warn = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
      warn.mockClear();
      const app = (express as unknown as () => Express)();
      const options = { auditLog: false, oauthGuard: issuer.options(), rateLimit: false } as const;
      app.use(mount, secureApi({ ...options, publicRoutes: ["GET /health"] }));
      app.use((_req, res) => void res.send("ok"));
      await request(app).get("/orders").expect(401);
      await request(app).get("/health").expect(200);
      const codes = warn.mock.calls.map(([, details]) => (details as { code: string }).code);
      expect(codes).not.toContain("EXPRESS_SECURE_API_UNREACHABLE_PATTERN");
    });
  },
);

describe("options of public routes that could be without effect, or have too much", () => {
  function problemsOf(options: Partial<SecureApiOptions>): readonly string[] {
    try {
      const defaults = { auditLog: false, rateLimit: false, oauthGuard: issuer.options() } as const;
      secureApi({ ...defaults, ...options });
    } catch (error) {
      if (error instanceof OptionsError) return error.problems;
      throw error;
    }
    return [];
  }

  it.each(["/*", "GET /*", "/:any/*"])("%s opens every route", (text) => {
    expect(problemsOf({ publicRoutes: ["GET /health", text] })).toEqual([
      `secureApi.publicRoutes[1] must not cover every route, as "${text}" does: write it under dangerouslyPublicRoutes, or oauthGuard: false for an app without tokens`,
    ]);
    expect(problemsOf({ dangerouslyPublicRoutes: [text] })).toEqual([]);
  });

  it("a narrow pattern does not stand under the dangerous name", () => {
    expect(problemsOf({ dangerouslyPublicRoutes: ["GET /health"] })).toEqual([
      "secureApi.dangerouslyPublicRoutes must hold only patterns that cover every route: narrower ones belong to publicRoutes",
    ]);
  });

  it("without a guard every route is public", () => {
    expect(problemsOf({ oauthGuard: false, publicRoutes: ["GET /health"] })).toEqual([
      "secureApi.publicRoutes must be left out with oauthGuard: false, where every route is public",
    ]);
  });

  it("exemptions from other parts cover less than everything, too", () => {
    const crossOriginGuard = { exempt: ["/*"] };
    expect(problemsOf({ secureHeaders: { crossOriginGuard }, jsonBody: { except: "/*" } })).toEqual(
      [
        'secureApi.secureHeaders.crossOriginGuard.exempt[0] must not cover every route, as "/*" does: write crossOriginGuard: false',
        expect.stringContaining("jsonBody.except"),
      ],
    );
  });
});
