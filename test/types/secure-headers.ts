import { createServer } from "node:http";
import express, { type RequestHandler } from "express";
import { secureHeaders } from "express-secure-api/secure-headers";

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
