/**
 * The process that counts in Redis: it runs a batch of requests through one limiter when the parent asks, and serves an
 * app whose limit is counted there, with the defaults of library and client.
 */
import express from "express";
import { Redis } from "ioredis";
import { createExchange } from "../fake-exchange.mjs";
import { requireFromLibrary } from "../library.mjs";
import { redisLimits } from "./limits.mjs";

const { rateLimit, redisStore } = requireFromLibrary("rate-limit");

/** Milliseconds that a request waits for Redis by default. */
const DEADLINE_MS = 75;

/** Requests that wait for Redis at the same time. */
const IN_FLIGHT = 64;

let limits;

const commands = {
  async run({ id, count }) {
    const exchanges = Array.from({ length: count }, (_, index) => createExchange(index));
    globalThis.gc?.({ type: "minor" });
    const before = process.cpuUsage();
    const start = performance.now();
    await runAll(limits[id], exchanges);
    const { user, system } = process.cpuUsage(before);
    return { cpu: user + system, milliseconds: performance.now() - start };
  },
};

async function runAll(middleware, exchanges) {
  let next = 0;
  const lane = async () => {
    while (next < exchanges.length) {
      const { req, res } = exchanges[next++];
      await new Promise((resolve, reject) => {
        middleware(req, res, (error) => (error ? reject(error) : resolve()));
      });
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, lane));
}

function answer(_req, res) {
  res.set("X-Added", performance.now() - res.locals.start).send("ok");
}

process.once("message", async ({ port }) => {
  const client = new Redis(port, "127.0.0.1");
  await client.ping();
  limits = redisLimits(client);
  const app = express();
  app.use(
    (_req, res, next) => {
      res.locals.start = performance.now();
      next();
    },
    (req, res, next) => {
      // What waiting costs here and now, without a limit.
      if (req.path === "/timer") setTimeout(answer, DEADLINE_MS, req, res);
      else next();
    },
    rateLimit({ name: "outage", limit: 1_000_000, window: "1h", store: redisStore(client) }),
    answer,
  );
  const server = app.listen(0, "127.0.0.1", () => {
    process.on("message", async ({ command, ...rest }) => {
      try {
        process.send(await commands[command](rest));
      } catch (error) {
        process.send({ error: error.stack });
      }
    });
    process.send({ port: server.address().port });
  });
});
process.on("disconnect", () => process.exit());
