import cors from "cors";
import type { Express, RequestHandler } from "express";
import { expressjwt } from "express-jwt";
import jsonwebtoken from "jsonwebtoken";
import request from "supertest";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { getAuth, type OauthGuardOptions, oauthGuard } from "../../src/oauth-guard/index.js";
import { secureApi } from "../../src/secure-api/index.js";
import { expressVersions } from "../support/express.js";
import { runOnApp } from "../support/guide-app.js";
import { blocksOf, secret, sectionOf } from "../support/migration-guide.js";
import { codeSpans } from "../support/reference-pages.js";

const token = jsonwebtoken.sign({ id: "u1", sub: "u1", username: "ada", type: "access" }, secret, {
  audience: "blog-api",
  expiresIn: "5m",
});
const OPTIONS = {
  issuer: null,
  audience: "blog-api",
  secret,
  requiredClaims: { username: true },
} as const satisfies OauthGuardOptions;

/** Where a request gets: those that the pattern of the row must leave open, and those that it must not. */
const PATHS: Readonly<Record<string, { open: readonly string[]; guarded: readonly string[] }>> = {
  "GET /health": { open: ["GET /health", "HEAD /health"], guarded: ["POST /health"] },
  "/health": {
    open: ["GET /health", "POST /health"],
    guarded: ["GET /health/", "GET //health", "GET /health;x"],
  },
  "GET /articles": {
    open: ["GET /articles", "HEAD /articles"],
    guarded: ["POST /articles", "GET /articles/x"],
  },
  "GET /articles/:slug": {
    open: ["GET /articles/x"],
    guarded: ["GET /articles", "GET /articles/x/y", "PUT /articles/x"],
  },
  "GET /docs/*": { open: ["GET /docs/a/b", "GET /docs"], guarded: ["POST /docs/a", "GET /docsx"] },
  "POST /login": { open: ["POST /login"], guarded: ["GET /login", "GET /admin/login-history"] },
};

beforeEach(() => {
  vi.stubEnv("JWT_SECRET", secret);
  vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
});

afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

describe.each(expressVersions)("on Express %s", (_major, express) => {
  const newApp = (...handlers: readonly RequestHandler[]): Express => {
    const app = express();
    app.set("env", "test");
    for (const handler of handlers) app.use(handler);
    return app;
  };
  const ok: RequestHandler = (_req, res) => void res.json({ ok: true });
  const preset = (publicRoutes: readonly string[], mode: "enforce" | "report" = "enforce") =>
    secureApi({ mode, auditLog: false, rateLimit: false, oauthGuard: OPTIONS, publicRoutes });
  const send = async (app: Express, what: string, sent?: string): Promise<number> => {
    const [method = "", path = ""] = what.split(" ");
    const agent = request(app) as unknown as Record<string, (path: string) => request.Test>;
    const asked = agent[method.toLowerCase()]?.(path);
    if (asked === undefined) throw new Error(`no method ${method}`);
    if (sent !== undefined) asked.set("Authorization", sent);
    return (await asked).status;
  };

  describe("req.auth behind unless", () => {
    const [app = ""] = blocksOf("express-jwt");
    const given = {
      users: new Map([["u1", { id: "u1", name: "ada" }]]),
      isRevoked: async () => false,
    };
    const read = async (front: RequestHandler) => {
      const server = newApp(front);
      runOnApp(server, express, app, given);
      return request(server).get("/articles").set("Authorization", `Bearer ${token}`);
    };

    it("is there where a reporting guard stands alone, and breaks a handler that asks for it", async () => {
      expect((await read((_req, _res, next) => next())).body).toEqual({ reader: "nobody" });
      expect((await read(oauthGuard({ ...OPTIONS, mode: "report" }))).status).toBe(500);
    });

    it("is not there on a public route of the preset", async () => {
      const listed = preset(["POST /login", "GET /articles"], "report");
      expect((await read(listed)).body).toEqual({ reader: "nobody" });
    });

    it("is there again where the route was forgotten, as the guide warns", async () => {
      expect((await read(preset(["POST /login"], "report"))).status).toBe(500);
    });
  });

  describe("from unless to publicRoutes", () => {
    const { tables } = sectionOf("From `unless` to `publicRoutes`");
    const rows = (tables[0]?.rows ?? []).filter((row) => row["in publicroutes"]?.startsWith("`"));

    it.each(rows.map((row) => [row["in unless"] ?? "", row["in publicroutes"] ?? ""]))(
      "%s opens what its row says",
      async (before, after) => {
        const patterns = codeSpans(after)
          .filter((span) => span.startsWith('"'))
          .map((span) => JSON.parse(span) as string);
        expect(patterns.length).toBeGreaterThan(0);
        const path = new Function(`return ${codeSpans(before)[0]}`)() as RegExp;
        const old = newApp(expressjwt({ secret, algorithms: ["HS256"] }).unless({ path }), ok);
        for (const pattern of patterns) {
          const { open, guarded } = PATHS[pattern] ?? { open: [], guarded: [] };
          expect(open.length).toBeGreaterThan(0);
          const app = newApp(preset([pattern]), ok);
          for (const what of open) expect(await send(app, what), what).toBe(200);
          for (const what of guarded) expect(await send(app, what), what).toBe(401);
          expect(await send(old, open[0] ?? ""), open[0]).toBe(200);
        }
      },
    );

    it("an expression without anchors also opened other paths", async () => {
      const unless = { path: /login/ };
      const old = newApp(expressjwt({ secret, algorithms: ["HS256"] }).unless(unless), ok);
      expect(await send(old, "GET /admin/login-history")).toBe(200);
    });

    it("has all patterns that are tried", () => {
      const spans = rows.flatMap((row) => codeSpans(row["in publicroutes"] ?? ""));
      for (const pattern of Object.keys(PATHS)) expect(spans).toContain(`"${pattern}"`);
    });
  });

  describe("optional tokens", () => {
    const [before = "", after = ""] = blocksOf("Optional tokens");
    const routes = [
      'app.get("/required", auth.required, (req, res) => { res.json({ there: "auth" in req }); });',
      'app.get("/optional", auth.optional, (req, res) => { res.json({ there: "auth" in req, known: known(req) }); });',
    ].join("\n");
    const appOf = (code: string, known: (req: never) => unknown): Express => {
      const app = newApp();
      runOnApp(app, express, `${code}\n${routes}`, { known });
      return app;
    };

    it.each([
      ["express-jwt", before, () => null],
      ["oauthGuard", after, (req: never) => getAuth(req)],
    ])(
      "%s needs a token on one route, and judges what is sent on the other",
      async (_name, code, known) => {
        const app = appOf(code, known);
        expect(await send(app, "GET /required")).toBe(401);
        expect(await send(app, "GET /required", `Bearer ${token}`)).toBe(200);
        expect(await send(app, "GET /optional", `Bearer ${token}`)).toBe(200);
        expect(await send(app, "GET /optional", `Bearer ${token}x`)).toBe(401);
        await request(app).get("/optional").expect(200, { there: false, known: null });
      },
    );

    it("takes another scheme for nobody's only with express-jwt", async () => {
      expect(
        await send(
          appOf(before, () => null),
          "GET /optional",
          "Basic YTpi",
        ),
      ).toBe(200);
      expect(
        await send(
          appOf(after, () => null),
          "GET /optional",
          "Basic YTpi",
        ),
      ).toBe(401);
    });
  });

  it("ends a token whose exp was written in milliseconds only with maxTokenAge", async () => {
    const iat = Math.floor(Date.now() / 1000) - 2 * 86_400;
    const claims = { sub: "u1", username: "ada", aud: "blog-api", iat, exp: Date.now() };
    const eternal = `Bearer ${jsonwebtoken.sign(claims, secret)}`;
    const old = expressjwt({ secret, algorithms: ["HS256"] }) as RequestHandler;
    expect(await send(newApp(old, ok), "GET /", eternal)).toBe(200);
    expect(await send(newApp(oauthGuard(OPTIONS), ok), "GET /", eternal)).toBe(200);
    const bounded = newApp(oauthGuard({ ...OPTIONS, maxTokenAge: "1d" }), ok);
    expect(await send(bounded, "GET /", eternal)).toBe(401);
    expect(await send(bounded, "GET /", `Bearer ${token}`)).toBe(200);
  });

  it("lets a preflight pass only where cors or its own options stand in front", async () => {
    const preflight = (app: Express) =>
      request(app).options("/me").set({
        Origin: "https://www.blog.example",
        "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Headers": "authorization",
      });
    const origins = cors({ origin: "https://www.blog.example" });
    const old = expressjwt({ secret, algorithms: ["HS256"] });
    await preflight(newApp(old as RequestHandler, origins, ok)).expect(204);
    await preflight(newApp(oauthGuard(OPTIONS), origins, ok)).expect(401);
    await preflight(newApp(origins, oauthGuard(OPTIONS), ok)).expect(204);
    const options = { auditLog: false, rateLimit: false, oauthGuard: OPTIONS } as const;
    const secureHeaders = { cors: { origins: ["https://www.blog.example"] } };
    await preflight(newApp(secureApi({ ...options, secureHeaders }), ok)).expect(204);
  });
});

describe("the options of the old packages", () => {
  const rows = sectionOf("Options").tables[0]?.rows ?? [];
  const names = rows
    .slice(0, -1)
    .flatMap((row) => codeSpans(row["express-jwt, passport-jwt"] ?? ""))
    .map((span) => span.replace(/:.*/, ""))
    .filter((name) => name !== "secret");

  it("are all tried", () => {
    expect(names.length).toBe(12);
  });

  it.each(names)("%s is an error that says what to write", (name) => {
    const given = { ...OPTIONS, [name]: true } as unknown as OauthGuardOptions;
    expect(() => oauthGuard(given)).toThrow(
      new RegExp(`must not have an option "${name}"[:,;] \\S`),
    );
  });

  it("a secret that is a function is one as well", () => {
    const given = { ...OPTIONS, secret: () => secret } as unknown as OauthGuardOptions;
    expect(() => oauthGuard(given)).toThrow("oauthGuard.secret must be");
  });

  it("without a choice of what access tokens are, the guard does not start", () => {
    const { requiredClaims: _left, ...rest } = OPTIONS;
    expect(() => oauthGuard(rest as OauthGuardOptions)).toThrow("requiredClaims must be given");
  });
});
