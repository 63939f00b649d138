import { createServer } from "node:http";
import express, { type Request, type RequestHandler } from "express";
import {
  type BrowserReport,
  getCspNonce,
  reportCollector,
  type SecureHeaders,
  secureHeaders,
} from "express-secure-api/secure-headers";

export const handlers: readonly RequestHandler[] = [
  secureHeaders(),
  secureHeaders({
    preset: "api",
    hsts: false,
    cors: { origins: ["https://app.example.com"], credentials: true },
  }),
  secureHeaders({ preset: "web", cacheControl: "authenticated" }),
  secureHeaders({ preset: "helmet", cacheControl: false }),
  secureHeaders({ cors: { origins: (origin, req) => origin === `https://${req.hostname}` } }),
  secureHeaders({ helmet: { xFrameOptions: false }, crossOriginGuard: undefined }),
  secureHeaders({ csp: { nonce: true, reportOnly: { "script-src": ["'self'"], imgSrc: "*" } } }),
  secureHeaders({ csp: { nonce: ["scriptSrc", "styleSrc"] }, overwrite: false, remove: "Server" }),
  secureHeaders({ permissionsPolicy: { camera: "none", payment: ["self", "https://a.example"] } }),
  secureHeaders({ permissionsPolicy: "deny-all", hsts: { maxAgeInReportMode: "5m" } }),
  secureHeaders({ reporting: { endpoints: { csp: "/r" }, contentSecurityPolicy: "csp" } }),
  secureHeaders({ https: { host: "api.example.com" }, hosts: ["api.example.com"] }),
  secureHeaders({
    https: {
      policy: "reject",
      exempt: "GET /healthz",
      onPlaintextCredential: async (req) => void req.get("authorization"),
    },
    hosts: { allowed: "api.example.com", exempt: ["GET /healthz"] },
  }),
  secureHeaders({
    https: false,
    crossOriginGuard: { isolation: true, origin: "https://a.example" },
  }),
];

const collector = reportCollector({
  maxBytes: "32kb",
  onReport: async ({ type, rule, blocked }: BrowserReport) => [type, rule, blocked],
});
export const collectors: readonly RequestHandler[] = [collector];
export const recorded: number = collector.counts().recorded;
const headers: SecureHeaders = secureHeaders({
  pages: { "/docs/*": "swagger-ui", "/admin/*": { profile: "web", csp: { nonce: true } } },
});
export const overriding: readonly RequestHandler[] = [
  headers,
  headers.override("web"),
  headers.override({
    helmet: { xFrameOptions: false },
    reporting: { contentSecurityPolicy: "csp" },
  }),
];
export const sentValue: string | undefined = headers.explain()[0]?.value;
// @ts-expect-error an unknown profile
headers.override("redoc");
// @ts-expect-error what is refused is decided elsewhere
headers.override({ cors: { origins: "*" } });
// @ts-expect-error it holds for the whole host
secureHeaders({ pages: { "/docs/*": { hsts: false } } });
// @ts-expect-error what is explained is not changed by it
headers.explain()[0].value = "x";

// @ts-expect-error a size has a unit
reportCollector({ maxBytes: 64_000 });
// @ts-expect-error nobody is refused
reportCollector({ mode: "report" });
declare const req: Request;
export const nonce: string = getCspNonce(req);

const app = express();
const security = secureHeaders();
app.use(security);
createServer(app).on("upgrade", (req, socket) => {
  const mayConnect: boolean = security.onUpgrade(req, app);
  if (!mayConnect || !security.onUpgrade(req)) socket.destroy();
});
// @ts-expect-error an app has settings
security.onUpgrade({} as never, {});
// @ts-expect-error there is no example that fits every server
secureHeaders({ https: true });
// @ts-expect-error unknown policy
secureHeaders({ https: { policy: "strict", host: "api.example.com" } });
// @ts-expect-error redirects lead to a host and not to a URL object
secureHeaders({ https: { host: new URL("https://api.example.com") } });
// @ts-expect-error hosts are texts
secureHeaders({ hosts: /example/ });
// @ts-expect-error a list without exemptions stands alone, one with them is named
secureHeaders({ hosts: { exempt: "GET /healthz" } });

// @ts-expect-error a nonce is for scripts and styles
secureHeaders({ csp: { nonce: "imgSrc" } });
// @ts-expect-error a policy that only reports has directives, no functions
secureHeaders({ csp: { reportOnly: { scriptSrc: () => "'self'" } } });
// @ts-expect-error an allowlist is a text or a list
secureHeaders({ permissionsPolicy: { camera: false } });
// @ts-expect-error where browsers report to
secureHeaders({ reporting: {} });

// @ts-expect-error the origins must be said
secureHeaders({ cors: {} });
// @ts-expect-error cors's name for it
secureHeaders({ cors: { origin: "https://app.example.com" } });
// @ts-expect-error a duration has a unit
secureHeaders({ cors: { origins: "https://app.example.com", maxAge: 600 } });
secureHeaders({ cors: { origins: async () => true } });
// @ts-expect-error what is promised is no boolean
secureHeaders({ cors: { origins: async () => "https://app.example.com" } });
// @ts-expect-error how often it may be stored is up to the handler
secureHeaders({ cacheControl: "private" });
// @ts-expect-error unknown preset
secureHeaders({ preset: "strict" });
// @ts-expect-error helmet's options stand under helmet
secureHeaders({ contentSecurityPolicy: false });
