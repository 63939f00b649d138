import type { Express, RequestHandler } from "express";
import request from "supertest";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { expressVersions } from "../../test/support/express.js";
import { not, role } from "../authorization/index.js";
import { type Decision, decisionsOf } from "../core/decision/decision.js";
import { guardMark } from "../core/guard/guard-mark.js";
import { OptionsError } from "../core/options/options-error.js";
import {
  enrichPrincipal,
  getPrincipal,
  type PrincipalEnrichment,
  principalFrom,
  session,
} from "../principal/index.js";
import { createTestIssuer } from "../testing/index.js";
import type { LookUpCaller } from "./enrichment.js";
import { secureApi } from "./secure-api.js";
import type { SecureApiOptions } from "./secure-api-options.js";

const issuer = createTestIssuer();
const base = { auditLog: false, rateLimit: false, oauthGuard: issuer.options() } as const;
const tokenOf = (sub: string): string => issuer.mint({ sub, roles: ["user"] });

/** What the database of the app knows. */
const ACCOUNTS: Readonly<Record<string, PrincipalEnrichment>> = {
  ada: { roles: ["admin"], tenant: "acme" },
  eve: { roles: ["suspended"] },
};
const lookUp: LookUpCaller = async ({ subject = "" }) => ACCOUNTS[subject] ?? null;

function problemsOf(options: object): readonly string[] {
  try {
    secureApi({ ...base, ...options });
  } catch (error) {
    if (error instanceof OptionsError) return error.problems;
    throw error;
  }
  return [];
}

describe.each(expressVersions)("secureApi({ enrich }) on Express %s", (_major, express) => {
  let decisions: readonly Decision[] = [];

  beforeEach(() => {
    vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
  });

  function appWith(options: Partial<SecureApiOptions>, ...around: RequestHandler[][]): Express {
    const app = (express as unknown as () => Express)();
    const [front = [], behind = []] = around;
    app.use((req, _res, next) => {
      decisions = decisionsOf(req);
      next();
    });
    const preset = secureApi({ ...base, ...options }) as RequestHandler;
    app.use(...front, preset, ...behind);
    app.all(/^/, (req, res) => void res.json({ roles: getPrincipal(req)?.roles ?? null }));
    return app;
  }

  const get = (app: Express, path: string, sub?: string): request.Test => {
    const sent = request(app).get(path);
    return sub === undefined ? sent : sent.auth(tokenOf(sub), { type: "bearer" });
  };

  const table = {
    routes: {
      "/admin/*": { requireRole: "admin" },
      "/open/*": { authorize: not(role("suspended")) },
      "GET /health": { public: "the load balancer asks it" },
    },
    otherwise: "authenticated",
  } as const;

  it("gives the rows of the table what the database knows of the caller", async () => {
    const app = appWith({ ...table, enrich: lookUp });
    await get(app, "/admin/users", "ada").expect(200, { roles: ["user", "admin"] });
    await get(app, "/admin/users", "eve").expect(403);
    await get(app, "/open/page", "eve").expect(403);
    await get(app, "/open/page", "ada").expect(200);
    expect(decisions.map(({ guard, reason }) => reason ?? guard)).toEqual([
      "oauthGuard",
      "principal_enriched",
      "authorize",
    ]);
  });

  it("answers 401 about an account that is gone, and 503 when the database is", async () => {
    const gone = await get(appWith({ ...table, enrich: lookUp }), "/x", "ghost").expect(401);
    expect(gone.body.code).toBe("authentication_required");
    const down: LookUpCaller = () => Promise.reject(new Error("the database is gone"));
    const answer = await get(appWith({ ...table, enrich: down }), "/x", "ada").expect(503);
    expect(answer.body.code).toBe("check_unavailable");
    expect(decisions.at(-1)).toMatchObject({ guard: "enrichPrincipal", outcome: "error" });
  });

  it("takes the options of enrichPrincipal beside the function", async () => {
    const asked = vi.fn(lookUp);
    const enrich = { lookUp: asked, replace: "roles", cache: { time: "30s" } } as const;
    const app = appWith({ enrich });
    await get(app, "/", "ada").expect(200, { roles: ["admin"] });
    await get(app, "/", "ada").expect(200, { roles: ["admin"] });
    expect(asked).toHaveBeenCalledTimes(1);
  });

  it("runs behind authenticate, and asks the database about nobody", async () => {
    const asked = vi.fn(lookUp);
    const app = appWith({
      oauthGuard: { ...issuer.options(), optional: true },
      authenticate: principalFrom((req) => {
        const subject = req.get("x-user");
        return subject === undefined ? null : { subject };
      }),
      enrich: asked,
    });
    await get(app, "/").expect(200, { roles: null });
    expect(asked).not.toHaveBeenCalled();
    await get(app, "/")
      .set("X-User", "ada")
      .expect(200, { roles: ["admin"] });
    await get(app, "/", "ada").expect(200, { roles: ["user", "admin"] });
  });

  it("runs in front of the limits by principal, and behind those by address", async () => {
    const asked = vi.fn(lookUp);
    const policies = [
      { name: "address", limit: 2, window: "1h", key: "ip" },
      {
        name: "tenant",
        limit: 1,
        window: "1h",
        phase: "after-auth",
        key: (req: Parameters<typeof getPrincipal>[0]) => getPrincipal(req)?.tenant,
      },
    ] as const;
    const app = appWith({ rateLimit: { policies }, enrich: asked });
    await get(app, "/", "ada").expect(200);
    const second = await get(app, "/", "ada").expect(429);
    expect(second.body["violated-policies"]).toEqual(["tenant"]);
    await get(app, "/", "eve").expect(200);
    asked.mockClear();
    await get(app, "/", "ada").expect(429);
    expect(asked).not.toHaveBeenCalled();
  });

  it("breaks no public route, and adds there to who is named in front of the preset or behind it", async () => {
    const failing = vi.fn(() => Promise.reject(new Error("the database is gone")));
    await get(appWith({ ...table, enrich: failing }), "/health", "ada").expect(200);
    expect(failing).not.toHaveBeenCalled();
    const named = principalFrom(() => ({ subject: "ada" })) as RequestHandler;
    for (const around of [[[named]], [[], [named]]]) {
      const app = appWith({ ...table, enrich: lookUp }, ...around);
      await get(app, "/health").expect(200, { roles: ["admin"] });
    }
  });

  it("refuses nobody in report mode, and waits for nothing", async () => {
    const never: LookUpCaller = () => new Promise(() => undefined);
    const app = appWith({ ...table, mode: "report", enrich: never });
    await get(app, "/admin/users", "ada").expect(200, { roles: ["user"] });
    const gone = appWith({ ...table, mode: "report", enrich: () => null });
    await get(gone, "/admin/users", "ada").expect(200);
    await vi.waitFor(() => expect(decisions.map(({ reason }) => reason)).toContain("account_gone"));
    expect(decisions.every(({ enforced }) => !enforced)).toBe(true);
  });

  it("answers as onDenied of the preset says", async () => {
    const app = appWith({
      enrich: () => null,
      onDenied: (_error, _req, res) => void res.sendStatus(418),
    });
    await get(app, "/", "ada").expect(418);
  });
});

describe("secureApi({ enrich })", () => {
  it("stands between authentication and the table for the route audit", () => {
    const mark = guardMark(secureApi({ ...base, enrich: lookUp, publicRoutes: ["GET /a"] }));
    const guards = mark?.parts?.map(({ guard, except }) => [guard, except]);
    expect(guards?.slice(-2)).toEqual([
      ["oauthGuard", ["GET /a"]],
      ["enrichPrincipal", undefined],
    ]);
  });

  const must = "must be the function of enrichPrincipal, or an object with it, got";
  it.each<[string, unknown, string]>([
    ["a middleware of ours", enrichPrincipal(lookUp), `secureApi.enrich ${must} a middleware`],
    ["another middleware", (_a: 1, _b: 2, _c: 3) => null, `secureApi.enrich ${must} a middleware`],
    ["true", true, `secureApi.enrich ${must} true`],
    ["a list", [lookUp], `secureApi.enrich ${must} a list of 1`],
    ["no function", {}, "secureApi.enrich.lookUp must be a function, got undefined"],
    ["null as mode", { lookUp, mode: null }, "secureApi.enrich.mode must be"],
    [
      "an unknown member",
      { lookUp, replaces: 1 },
      'secureApi.enrich must not have an option "replaces"',
    ],
    ["a cache without a time", { lookUp, cache: {} }, "secureApi.enrich.cache.time must be"],
    ["a wrong member", { lookUp, replace: "scopes" }, "secureApi.enrich.replace must be one of"],
    ["undefined", undefined, "secureApi.enrich must not be undefined"],
  ])("refuses %s at start-up", (_what, enrich, problem) => {
    const problems = problemsOf({ enrich });
    expect(problems.every((text) => text.startsWith("secureApi.enrich"))).toBe(true);
    expect(problems.some((text) => text.startsWith(problem))).toBe(true);
  });

  it("refuses it where nobody is named", () => {
    expect(problemsOf({ oauthGuard: false, enrich: lookUp })).toEqual([
      expect.stringMatching(/^secureApi\.enrich must be left out with oauthGuard: false/),
    ]);
    expect(
      problemsOf({ oauthGuard: false, authenticate: session(() => null), enrich: lookUp }),
    ).toEqual([]);
  });

  it("refuses what enforces beside a caller that is only tried, and the other way round", () => {
    const enforcing = { lookUp, mode: "enforce" } as const;
    const reporting = { lookUp, mode: "report" } as const;
    expect(problemsOf({ mode: "report", enrich: enforcing })).toEqual([
      expect.stringMatching(/^secureApi\.enrich must not enforce beside an oauthGuard/),
    ]);
    const table = { routes: { "/a": { requireRole: "a" } }, otherwise: "deny" };
    expect(problemsOf({ ...table, enrich: reporting })).toEqual([
      expect.stringMatching(/^secureApi\.enrich\.mode must not be "report" beside a table/),
    ]);
    expect(problemsOf({ enrich: reporting })).toEqual([]);
    expect(problemsOf({ ...table, mode: "report", enrich: reporting })).toEqual([]);
  });

  it("is named where enrichPrincipal stands in the wrong place", () => {
    const use = enrichPrincipal(lookUp);
    const routes = { "/a": { requireRole: "a", use } };
    expect(problemsOf({ routes, otherwise: "deny" })[0]).toContain("write enrich: async");
    const optional = { ...issuer.options(), optional: true };
    expect(problemsOf({ oauthGuard: optional, authenticate: use })[0]).toContain("write enrich:");
    expect(problemsOf({ enrichPrincipal: lookUp })[0]).toContain("write enrich: async");
  });
});
