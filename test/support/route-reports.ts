import type { GuardDescription } from "../../src/core/guard/guard-mark.js";
import type { AuditedRoute, RouteReport } from "../../src/route-audit/report/route-report.js";

/** A guard as an audit describes it. */
export function guard(
  name: string,
  kind: GuardDescription["kind"],
  more: Partial<GuardDescription> = {},
): GuardDescription {
  return { guard: name, kind, mode: "enforce", ...more };
}

/** A route as an audit describes it. */
export function route(
  method: string,
  path: string,
  more: Partial<Omit<AuditedRoute, "method" | "path">> = {},
): AuditedRoute {
  return { method, path, status: "open", guards: [], unknownBeforeGuard: [], ...more };
}

/** A report about some routes. */
export function reportOf(
  routes: readonly AuditedRoute[],
  more: Partial<Omit<RouteReport, "routes">> = {},
): RouteReport {
  return { routes, handlers: [], unused: [], ...more };
}

const BEARER = guard("oauthGuard", "authentication");
const LIMITS = guard("rateLimit", "limit", {
  rule: "100-per-1m(100 per 1m and ip)",
  details: {
    limits: [{ name: "100-per-1m", limit: 100, windowSeconds: 60, by: "address" }],
    headers: ["RateLimit", "RateLimit-Policy", "X-RateLimit-Limit"],
  },
});

/** A small shop, with one of everything. */
export const SHOP: RouteReport = reportOf(
  [
    route("GET", "/orders/:id", {
      status: "guarded",
      guards: [
        BEARER,
        LIMITS,
        guard("requireScope", "authorization", {
          rule: "scope(orders:read)",
          details: {
            requirement: { type: "scope", names: ["orders:read"], match: "all" },
          },
        }),
      ],
    }),
    route("POST", "/orders", {
      status: "guarded",
      guards: [
        BEARER,
        LIMITS,
        guard("authorize", "authorization", {
          rule: "any(role(admin), all(scope(orders:write), owner(customer)))",
          details: {
            requirement: {
              type: "any",
              of: [
                { type: "role", names: ["admin"], match: "any" },
                {
                  type: "all",
                  of: [
                    { type: "scope", names: ["orders:write"], match: "all" },
                    { type: "object", rule: "owner(customer)" },
                  ],
                },
              ],
            },
          },
        }),
        guard("validate", "validation", {
          details: {
            schemas: {
              body: {
                type: "object",
                properties: { item: { type: "string" } },
                required: ["item"],
              },
              query: { type: "object", properties: { dry: { type: "boolean" } } },
            },
            contentTypes: ["application/json"],
            status: 422,
          },
        }),
      ],
    }),
    route("GET", "/health", { status: "public", reason: "GET /health" }),
    route("DELETE", "/orders/:id"),
    route("GET", "RegExp(/^\\/files|\\/raw/)", {
      status: "unresolved",
      reason: "a regular expression",
    }),
    route("GET", "/reports", {
      status: "guarded",
      guards: [
        BEARER,
        guard("rateLimit", "limit", { rule: "slow(5 per 1m and ip)" }),
        guard("requireRole", "authorization", { rule: "role(admin)", mode: "report" }),
      ],
      unknownBeforeGuard: ["loadUser"],
    }),
  ],
  {
    handlers: [{ name: "serveStatic", paths: ["/static"], status: "open", guards: [] }],
    unused: [{ guard: "secureApi", pattern: "GET /gone" }],
  },
);

/** Names that would do harm in a terminal, in HTML, XML, Markdown or SARIF. */
export const HOSTILE: RouteReport = reportOf([
  route("GET", "/<script>alert(1)</script>|`x`/[a](http://evil.example)/{0}"),
  route("GET", "/\u001b[2J\u001b]8;;http://evil.example\u0007\u202e\u009b31m\r\n| x | y |", {
    status: "guarded",
    guards: [
      guard('"><img src=x onerror=alert(1)>', "authentication"),
      guard("requireRole", "authorization", {
        rule: "role(</style><script>, ]]>, @everyone, \ud800)",
      }),
    ],
    unknownBeforeGuard: ["<b>"],
  }),
]);
