import type { Express, RequestHandler } from "express";
import request from "supertest";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { expressVersions } from "../../test/support/express.js";
import { type Decision, decisionsOf } from "../core/decision/decision.js";
import { OptionsError } from "../core/options/options-error.js";
import { getAuth, oauthGuard } from "../oauth-guard/index.js";
import { getPrincipal, session } from "../principal/index.js";
import { FORMATS } from "../route-audit/format-routes.js";
import { auditRoutes, defaultDeny } from "../route-audit/index.js";
import { createTestIssuer } from "../testing/index.js";
import { secureApi } from "./secure-api.js";
import type { SecureApiOptions } from "./secure-api-options.js";

const issuer = createTestIssuer();
const token = issuer.mint({ sub: "ada", roles: ["author"] });
const base = { auditLog: false, rateLimit: false, oauthGuard: issuer.options() } as const;
const readers = "readers need no account, and authors see their drafts";
const table = {
  routes: {
    "GET /articles/:slug": { optional: readers },
    "GET /health": { public: "the load balancer asks it" },
    "/articles/*": { validate: { query: { type: "object", properties: {} } } },
  },
  otherwise: "deny",
} as const;

function problemsOf(options: object): readonly string[] {
  try {
    secureApi({ ...base, otherwise: "deny", ...options } as SecureApiOptions);
  } catch (error) {
    if (error instanceof OptionsError) return error.problems;
    throw error;
  }
  return [];
}

describe.each(expressVersions)("a row with optional on Express %s", (_major, express) => {
  let decisions: readonly Decision[] = [];

  beforeEach(() => {
    vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
  });

  function appWith(options: Partial<SecureApiOptions> = {}, ...behind: RequestHandler[]): Express {
    const app = (express as unknown as () => Express)();
    app.use((req, _res, next) => {
      decisions = decisionsOf(req);
      next();
    });
    app.use(secureApi({ ...base, ...table, ...options }) as RequestHandler, ...behind);
    for (const path of ["/articles/:slug", "/health", "/mine"]) {
      app.get(path, (req, res) => {
        res.json({ caller: getPrincipal(req)?.subject ?? null, auth: getAuth(req) !== null });
      });
    }
    return app;
  }

  const bearer = (sent: request.Test, value = token): request.Test =>
    sent.set("Authorization", `Bearer ${value}`);

  it("lets requests without a token pass, knows who sends one, and refuses a wrong one", async () => {
    const app = appWith();
    await request(app).get("/articles/a").expect(200, { caller: null, auth: false });
    expect(decisions).toMatchObject([
      {
        guard: "secureApi",
        outcome: "allow",
        reason: "optional_route",
        rule: "GET /articles/:slug",
      },
      { guard: "oauthGuard", outcome: "allow", reason: "anonymous" },
      { guard: "validate" },
    ]);
    await bearer(request(app).get("/articles/a")).expect(200, { caller: "ada", auth: true });
    const wrong = await bearer(request(app).get("/articles/a"), `${token}x`).expect(401);
    expect(wrong.body.code).toBe("invalid_token");
    await request(app).get("/articles/a").set("Authorization", "Basic YTpi").expect(401);
    await request(app).head("/articles/a").expect(200);
  });

  it("opens no other method and no other spelling, and every row applies all the same", async () => {
    const app = appWith();
    for (const path of ["/Articles/a", "/articles/a/", "/mine"]) {
      await request(app).get(path).expect(401);
      await bearer(request(app).get(path)).expect(403);
    }
    await request(app).post("/articles/a").expect(401);
    await request(app).get("/articles/a").set("X-HTTP-Method-Override", "DELETE").expect(400);
    await request(app).get("/articles/a?b=1").expect(422);
  });

  it("makes no other guard optional", async () => {
    const strict = oauthGuard(issuer.options()) as RequestHandler;
    const second = secureApi({ ...base }) as RequestHandler;
    for (const behind of [strict, second]) {
      const app = appWith({}, behind);
      await request(app).get("/articles/a").expect(401);
      await bearer(request(app).get("/articles/a")).expect(200);
    }
  });

  it("does not ask for a session either, but reads one", async () => {
    const users = session(({ user }: { readonly user?: string }) =>
      user === undefined ? null : { subject: user },
    );
    const app = (express as unknown as () => Express)();
    app.use((req, _res, next) => {
      Object.assign(req, { session: { user: req.get("x-user") } });
      next();
    });
    app.use(
      secureApi({ ...base, ...table, oauthGuard: false, authenticate: users }) as RequestHandler,
    );
    app.get("/articles/:slug", (req, res) => void res.json(getPrincipal(req)?.subject ?? null));
    await request(app).get("/articles/a").expect(200, "null");
    await request(app).get("/articles/a").set("X-User", "ada").expect(200, '"ada"');
    await request(app).get("/else").expect(403);
  });

  it("has in report mode nothing to report about requests without a token", async () => {
    const app = appWith({ mode: "report" });
    await request(app).get("/articles/a").expect(200);
    expect(decisions.map(({ outcome }) => outcome)).toEqual(["allow", "allow", "allow"]);
    await bearer(request(app).get("/articles/a"), "nonsense").expect(200);
    expect(decisions.map(({ outcome }) => outcome)).toContain("deny");
  });

  it("is open on purpose for the route audit, and optional in the documents", async () => {
    const app = appWith();
    const report = auditRoutes(app);
    const found = report.routes.find(({ path }) => path === "/articles/:slug");
    expect(found).toMatchObject({ status: "public", reason: readers });
    const document = JSON.parse(FORMATS.openapi(report, { findings: [] }));
    expect(document.paths["/articles/{slug}"].get.security).toEqual([{ oauthGuard: [] }, {}]);
    expect(FORMATS.markdown(report, { findings: [] })).toContain(
      "Authentication: `oauthGuard` (optional)",
    );
    expect(report.unused).toEqual([]);
    defaultDeny(app);
    await request(app).get("/articles/a").expect(200);
  });

  it("lets the preset stay optional as a whole", async () => {
    const app = appWith({
      oauthGuard: { ...issuer.options(), optional: true },
      otherwise: "authenticated",
    });
    await request(app).get("/articles/a").expect(200, { caller: null, auth: false });
    await request(app).get("/mine").expect(401);
    expect(auditRoutes(app).routes.find(({ path }) => path === "/articles/:slug")).toMatchObject({
      status: "public",
    });
  });

  it("leaves to a public row what it excepts", async () => {
    const routes = {
      "GET /articles/*": { optional: readers, except: "GET /articles/feed" },
      "GET /articles/feed": { public: "for readers of feeds" },
    };
    const app = appWith({ routes });
    await bearer(request(app).get("/articles/feed"), "nonsense").expect(200);
    await bearer(request(app).get("/articles/other"), "nonsense").expect(401);
  });
});

describe("a row with optional", () => {
  const row = { optional: readers };
  it.each<[string, object, string]>([
    ["no reason", { "/a": { optional: true } }, 'routes["/a"].optional must be a'],
    ["an empty reason", { "/a": { optional: "" } }, 'routes["/a"].optional must be a'],
    [
      "a rule beside it",
      { "/a": { ...row, requireRole: "a" } },
      'routes["/a"].optional must not stand beside what says who may call',
    ],
    [
      "public beside it",
      { "/a": { ...row, public: "both" } },
      'routes["/a"].optional must not stand beside public',
    ],
    ["every route", { "/*": row }, 'routes["/*"].optional must not open every route: name'],
    [
      "what another row restricts",
      { "GET /a/b": row, "/a/*": { requireRole: "a" } },
      'routes["GET /a/b"] must not open what the row "/a/*" restricts',
    ],
    [
      "what another row makes public",
      { "GET /a/*": row, "GET /a/b": { public: "open" } },
      'routes["GET /a/b"] must not open to tokens of any kind where the row "GET /a/*"',
    ],
  ])("must not have %s", (_what, routes, problem) => {
    expect(problemsOf({ routes })).toEqual([expect.stringContaining(`secureApi.${problem}`)]);
  });

  it("needs something that looks at the credentials", () => {
    expect(problemsOf({ oauthGuard: false, routes: { "/a": row } })).toEqual([
      expect.stringContaining("secureApi.routes must not say who may call with oauthGuard: false"),
    ]);
    expect(problemsOf({ routes: { "/a": row }, publicRoutes: ["/a"] })).toEqual([
      expect.stringContaining("secureApi.publicRoutes must not open to tokens of any kind"),
    ]);
    const restricted = { "/a/*": { requireRole: "a", except: "GET /a/b" }, "GET /a/b": row };
    expect(problemsOf({ routes: restricted })).toEqual([]);
  });
});
