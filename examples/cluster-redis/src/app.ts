// The API of one process. All processes that share a Redis and the prefix share the limit.
import express, { type Express } from "express";
import { errorHandler, notFound } from "express-secure-api/errors";
import { type RateLimitMiddleware, rateLimit, redisStore } from "express-secure-api/rate-limit";
import { secureHeaders } from "express-secure-api/secure-headers";
import type { Redis } from "ioredis";

export const LIMIT = 100;

export interface Api {
  readonly app: Express;
  readonly limiter: RateLimitMiddleware;
}

export function createApp(redis: Redis, prefix: string): Api {
  const app = express();
  // Behind a proxy, set "trust proxy" to the number of proxies: the limit counts by address.

  const limiter = rateLimit({
    name: "client",
    limit: LIMIT,
    window: "1h",
    algorithm: "fixed-window",
    store: redisStore(redis, { prefix }),
    // Leave this out beside a Redis that is near: the default of 75 ms lets nobody wait for one that is away. Here,
    // everything starts at once on one machine, and a request that waits in vain is counted in memory.
    storeTimeout: "2s",
    // While Redis is away, each process counts in memory, with its share of the limit.
    onStoreError: "fallback",
    fallbackShare: 1 / 4,
  });

  app.use(secureHeaders());
  app.use(limiter);
  app.get("/", (_req, res) => {
    res.json({ process: process.pid });
  });
  app.use(notFound());
  app.use(errorHandler());
  return { app, limiter };
}
