import { rateLimit as expressRateLimit } from "express-rate-limit";
import { RedisStore } from "rate-limit-redis";
import flexible from "rate-limiter-flexible";
import { requireFromLibrary } from "../library.mjs";
import { LIMIT } from "../workload.mjs";

const { rateLimit, redisStore } = requireFromLibrary("rate-limit");

/** Limits that are counted in one Redis, each as the documentation of its package wires it, by id. */
export function redisLimits(client) {
  const ours = (count, algorithm, headers) =>
    rateLimit({
      policies: policies(count).map((policy) => ({ ...policy, algorithm })),
      store: redisStore(client, { prefix: `ours-${count}-${algorithm}` }),
      headers,
      // It measures what a call costs, not whether it is in time on a busy machine.
      storeTimeout: "10s",
    });
  return {
    one: ours(1, "token-bucket", {}),
    window: ours(1, "fixed-window", { ietf: false }),
    three: ours(3, "token-bucket", {}),
    express: expressRateLimit({
      windowMs: 3_600_000,
      limit: LIMIT,
      standardHeaders: "draft-8",
      legacyHeaders: false,
      store: new RedisStore({ sendCommand: (command, ...args) => client.call(command, ...args) }),
    }),
    flexibleOne: byHand(client, 1),
    flexibleThree: byHand(client, 3),
  };
}

function policies(count) {
  return ["1h", "2h", "3h"].slice(0, count).map((window) => ({
    name: `per-${window}`,
    limit: LIMIT,
    window,
    key: "ip",
  }));
}

function byHand(client, count) {
  const limiters = [3600, 7200, 10_800].slice(0, count).map(
    (duration) =>
      new flexible.RateLimiterRedis({
        storeClient: client,
        points: LIMIT,
        duration,
        keyPrefix: `flexible-${count}-${duration}`,
      }),
  );
  return (req, res, next) => {
    Promise.all(limiters.map((limiter) => limiter.consume(req.ip))).then(
      ([{ remainingPoints, msBeforeNext }]) => {
        res.setHeader("X-RateLimit-Limit", LIMIT);
        res.setHeader("X-RateLimit-Remaining", remainingPoints);
        res.setHeader("X-RateLimit-Reset", Math.ceil((Date.now() + msBeforeNext) / 1000));
        next();
      },
      () => res.status(429).send("Too Many Requests"),
    );
  };
}
