import type { ErrorRequestHandler, Express } from "express";
import request from "supertest";
import { describe, expect, it, vi } from "vitest";
import { expressVersions } from "../../test/support/express.js";
import { getAuth } from "../oauth-guard/index.js";
import type { RateLimitOptions } from "../rate-limit/index.js";
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
});
