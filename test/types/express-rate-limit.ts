import express, { type RequestHandler } from "express";
import rateLimitByDefault, {
  type ClientRateLimitInfo,
  DAY,
  type ExpressRateLimitOptions,
  ipKeyGenerator,
  type LegacyStore,
  MemoryStore,
  type Options,
  type RateLimitExceededEventHandler,
  type RateLimitInfo,
  type RateLimitRequestHandler,
  rateLimit,
  type Store,
} from "express-secure-api/rate-limit/express-rate-limit";

const limiter: RateLimitRequestHandler = rateLimit({ windowMs: 15 * 60 * 1000, limit: 100 });
export const handler: RequestHandler = limiter;
export const same: typeof rateLimit = rateLimitByDefault;
export const info: Promise<ClientRateLimitInfo | undefined> = Promise.resolve(limiter.getKey("a"));
void limiter.resetKey("a");
const app = express();
app.use(rateLimit(), limiter);
app.get("/orders/:id", limiter, (req, res) => void res.send(req.params.id.toUpperCase()));

declare const partial: Partial<Options>;
rateLimit(partial);
declare const readable: ExpressRateLimitOptions;
rateLimit(readable);

const written: Partial<Options> = {};
written.windowMs = DAY;
written.standardHeaders = "draft-8";
rateLimit(written);

rateLimit({
  limit: async (req, res) => (req.secure && res.headersSent ? 1 : 2),
  max: 5,
  message: { error: "too many requests" },
  statusCode: 429,
  standardHeaders: true,
  legacyHeaders: false,
  identifier: (req) => req.hostname,
  retryAfter: () => 5,
  requestPropertyName: "quota",
  skipFailedRequests: true,
  requestWasSuccessful: (_req, res) => res.statusCode < 400,
  keyGenerator: (req) => ipKeyGenerator(req.ip ?? "", 64),
  skip: async (req) => req.path === "/health",
  handler: (req, res, next, used) => {
    if (req.secure) next();
    else res.status(used.statusCode).send(used.message);
  },
  passOnStoreError: true,
  validate: { xForwardedForHeader: false, default: true },
  logger: console,
});
rateLimit({ ipv6Subnet: false, store: new MemoryStore({ maxKeys: 1000 }), validate: false });

const store: Store = {
  increment: () => ({ totalHits: 1, resetTime: undefined }),
  decrement: () => undefined,
  resetKey: async () => undefined,
};
rateLimit({ store });
declare const legacy: LegacyStore;
rateLimit({ store: legacy });

export const ourHandler: RateLimitExceededEventHandler = (req, res) => {
  const { limit, used, remaining, resetTime, key } = (
    req as typeof req & { rateLimit: RateLimitInfo }
  ).rateLimit;
  res.json({ limit, used, remaining, resetTime: resetTime?.getTime(), key });
};

rateLimit({ mode: "report", onDenied: "respond" });

// @ts-expect-error a limit is a number
rateLimit({ limit: "100" });
// @ts-expect-error a number of milliseconds
rateLimit({ windowMs: "15m" });
// @ts-expect-error the name of it in rateLimit of this library
rateLimit({ window: "15m" });
// @ts-expect-error no such draft
rateLimit({ standardHeaders: "draft-9" });
// @ts-expect-error a client is no store
rateLimit({ store: { sendCommand: () => undefined } });
// @ts-expect-error a key is a text, or a number
rateLimit({ keyGenerator: () => ({}) });
// @ts-expect-error a number of keys
new MemoryStore({ maxKeys: "1000" });
