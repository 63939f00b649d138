import type { RequestHandler } from "express";
import {
  type BrowserReport,
  reportCollector,
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
];

const collector = reportCollector({
  maxBytes: "32kb",
  onReport: async ({ type, rule, blocked }: BrowserReport) => [type, rule, blocked],
});
export const collectors: readonly RequestHandler[] = [collector];
export const recorded: number = collector.counts().recorded;
// @ts-expect-error a size has a unit
reportCollector({ maxBytes: 64_000 });
// @ts-expect-error nobody is refused
reportCollector({ mode: "report" });

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
