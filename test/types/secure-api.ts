import type { RequestHandler } from "express";
import { all, requireRole, role, scope } from "express-secure-api/authorization";
import { enrichPrincipal, principalFrom, session } from "express-secure-api/principal";
import type { RateLimitControl, RateLimitState } from "express-secure-api/rate-limit";
import {
  type EnrichOptions,
  type LookUpCaller,
  type RouteRow,
  type RouteTable,
  secureApi,
} from "express-secure-api/secure-api";

const oauthGuard = { issuer: "https://id.example.com", audience: "https://api.example.com" };
const rateLimit = { limit: 100, window: "1m" };

const security = secureApi({ oauthGuard, rateLimit });
export const handler: RequestHandler = security;
export const states: readonly Promise<void>[] = [security.ready(), security.close()];
export const left: Promise<readonly RateLimitState[]> = security.rateLimit.peek({ key: "jane" });
export const unlimited: RateLimitControl = secureApi({ oauthGuard, rateLimit: false }).rateLimit;
void security.rateLimit.reset({ policy: "POST /login", key: "203.0.113.7" });
void security.rateLimit.block({ policy: "caller", key: "jane" }, "1h");
// @ts-expect-error a block has a duration
void security.rateLimit.block({ key: "jane" });
// @ts-expect-error not a target
void security.rateLimit.unblock("jane");
secureApi({
  oauthGuard: false,
  rateLimit: false,
  auditLog: false,
  secureHeaders: undefined,
  jsonBody: {},
  formBody: { extended: true },
});
secureApi({
  oauthGuard,
  rateLimit: {
    ...rateLimit,
    phase: "after-body",
    match: "POST /login",
    key: (req) => req.body?.email,
  },
  formBody: {},
});
secureApi({
  oauthGuard,
  rateLimit,
  publicRoutes: ["GET /health"],
  mode: "report",
  onDenied: "next",
});

secureApi({ oauthGuard: false, rateLimit, authenticate: session(() => null) });
secureApi({
  oauthGuard: { ...oauthGuard, optional: true },
  rateLimit,
  authenticate: [
    session(({ userId }: { userId?: string }) => (userId ? { subject: userId } : null)),
    principalFrom((req) => ({ subject: req.get("x-user") })),
    principalFrom.header({ name: "X-User", trustedPeers: "10.0.0.5" }),
  ],
});
secureApi({ oauthGuard, rateLimit, authenticate: false });

declare function rolesOf(subject: string | undefined): Promise<string[]>;
secureApi({
  oauthGuard,
  rateLimit,
  enrich: async (principal, req) => ({
    roles: await rolesOf(principal.subject),
    groups: [req.hostname],
  }),
});
secureApi({ oauthGuard, rateLimit, enrich: () => null });
secureApi({
  oauthGuard,
  rateLimit,
  enrich: {
    lookUp: async ({ subject }) => ({ roles: await rolesOf(subject) }),
    replace: ["roles", "tenant"],
    cache: { time: "30s" },
    mode: "report",
  },
});
secureApi({ oauthGuard, rateLimit, enrich: false });
// @ts-expect-error the middleware: its function and options are given here
secureApi({ oauthGuard, rateLimit, enrich: enrichPrincipal(() => null) });
// @ts-expect-error scopes are the token's alone
secureApi({ oauthGuard, rateLimit, enrich: () => ({ scopes: ["a"] }) });
// @ts-expect-error without the function, nothing is looked up
secureApi({ oauthGuard, rateLimit, enrich: { replace: "roles" } });

export const looksUp: LookUpCaller = async ({ subject }) => ({ roles: await rolesOf(subject) });
export const enriching: EnrichOptions = { lookUp: looksUp, cache: { time: "30s" } };

const noSource: RequestHandler = (_req, _res, next) => next();
// @ts-expect-error a middleware that names nobody
secureApi({ oauthGuard: false, rateLimit, authenticate: noSource });
// @ts-expect-error the options of a package that makes sessions
secureApi({ oauthGuard: false, rateLimit, authenticate: { secret: "s" } });
// @ts-expect-error the factory, not called
secureApi({ oauthGuard: false, rateLimit, authenticate: session });
// @ts-expect-error `true` says nothing
secureApi({ oauthGuard: false, rateLimit, authenticate: true });
// @ts-expect-error the limit must be said, if only as false
secureApi({ oauthGuard });
// @ts-expect-error the guard must be said, if only as false
secureApi({ rateLimit });
// @ts-expect-error not a phase
secureApi({ oauthGuard, rateLimit: { ...rateLimit, phase: "body", key: () => "a" } });
// @ts-expect-error options, or false
secureApi({ oauthGuard, rateLimit, formBody: true });
// @ts-expect-error `true` says nothing
secureApi({ oauthGuard: true, rateLimit });
// @ts-expect-error the audience must be said here too
secureApi({ oauthGuard: { issuer: "https://id.example.com" }, rateLimit });
// @ts-expect-error not an option
secureApi({ oauthGuard, rateLimit, rows: {} });

export const table: RouteTable = { "/a": { authorize: role("a") } };
const order = { type: "object", properties: { sku: { type: "string" } } } as const;
const hardened = secureApi({
  oauthGuard,
  rateLimit,
  jsonBody: {},
  routes: {
    "GET /health": { public: "a health check" },
    "GET /articles/*": { optional: "for readers", except: "GET /articles/feed" },
    "/admin/*": { requireRole: ["admin", "root"], except: "GET /admin/login", mode: "report" },
    "POST /orders": {
      requireScope: "orders:write",
      validate: { body: order },
      rateLimit: [{ limit: 1, window: "1m" }],
    },
    "/all/*": { authorize: all(role("a"), scope("b")), methods: ["GET"], use: requireRole("c") },
    "/users/:id": {
      ownParam: "id",
      requirePermission: ["a", "b"],
      requireStepUp: { maxAge: "5m" },
    },
    "/closed/*": { deny: true },
  },
  otherwise: "deny",
  paths: { allow: ["encoded-slash"], mode: "report" },
});
export const named: string = hardened.valid<{ body: { sku: string } }>({}, "POST /orders").body.sku;
export const unnamed: RouteRow = { requireRole: "a" };

const otherwise = "authenticated";
// @ts-expect-error a row has a reason to be public
secureApi({ oauthGuard, rateLimit, otherwise, routes: { "/a": { public: true } } });
// @ts-expect-error and one to ask for no token
secureApi({ oauthGuard, rateLimit, otherwise, routes: { "/a": { optional: true } } });
// @ts-expect-error a row that is not closed says nothing
secureApi({ oauthGuard, rateLimit, otherwise, routes: { "/a": { deny: false } } });
// @ts-expect-error the pattern says what a limit counts
secureApi({ oauthGuard, rateLimit, otherwise, routes: { "/a": { rateLimit: { match: "/b" } } } });
// @ts-expect-error a name of no row
secureApi({ oauthGuard, rateLimit, otherwise, routes: { "/a": { roles: "admin" } } });
// @ts-expect-error nothing is open otherwise
secureApi({ oauthGuard, rateLimit, otherwise: "public", routes: {} });
// @ts-expect-error NUL is never allowed
secureApi({ oauthGuard, rateLimit, paths: { allow: "nul" } });
export const auditHealth: "ok" | "degraded" | "failing" | undefined =
  security.auditLog?.health().status;
