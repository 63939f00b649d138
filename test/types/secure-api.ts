import type { RequestHandler } from "express";
import { principalFrom, session } from "express-secure-api/principal";
import { secureApi } from "express-secure-api/secure-api";

const oauthGuard = { issuer: "https://id.example.com", audience: "https://api.example.com" };
const rateLimit = { limit: 100, window: "1m" };

const security = secureApi({ oauthGuard, rateLimit });
export const handler: RequestHandler = security;
export const states: readonly Promise<void>[] = [security.ready(), security.close()];
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
