import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import type { Express, Request, Response } from "express";
import { afterEach, describe, expect, it } from "vitest";
import { listenToDecisions } from "../../test/support/decisions.js";
import { expressVersions } from "../../test/support/express.js";
import type { RateLimitMiddleware } from "./limiter/place.js";
import { rateLimit } from "./rate-limit.js";
import type { RateLimitOptions } from "./rate-limit-options.js";
import type {
  RateLimitRefund,
  RateLimitResult,
  RateLimitStore,
} from "./stores/rate-limit-store.js";

const decisions = listenToDecisions();
const servers: Server[] = [];
const GET = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const ADDRESS = { key: "127.0.0.1" };

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

/** A connection that has sent so many requests at once. */
async function send(port: number, requests: number): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => undefined);
  await once(socket, "connect");
  socket.write(GET.repeat(requests));
  return socket;
}

async function left(limiter: RateLimitMiddleware): Promise<number | undefined> {
  return (await limiter.peek(ADDRESS))[0]?.remaining;
}

describe.each(expressVersions)("clients that leave, on Express %s", (_major, express) => {
  const waiting: Response[] = [];

  async function listen(limiter: RateLimitMiddleware): Promise<number> {
    waiting.length = 0;
    const app = (express as unknown as () => Express)();
    app.use(limiter);
    app.use((_req: Request, res: Response) => void waiting.push(res));
    const server = createServer(app);
    servers.push(server);
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return (server.address() as AddressInfo).port;
  }

  it("free all places of one connection, of answers that were never begun too", async () => {
    const limiter = rateLimit({ name: "open", algorithm: "concurrency", limit: 5 });
    const port = await listen(limiter);
    for (let round = 0; round < 3; round += 1) {
      const socket = await send(port, 5);
      await expect.poll(() => left(limiter)).toBe(0);
      socket.destroy();
      await expect.poll(() => left(limiter)).toBe(5);
    }
  });

  it("free the places of pipelined requests one by one, as these are answered", async () => {
    const limiter = rateLimit({ name: "open", algorithm: "concurrency", limit: 20 });
    const port = await listen(limiter);
    const socket = await send(port, 20);
    await expect.poll(() => left(limiter)).toBe(0);
    for (const res of waiting.slice(0, 3)) res.end();
    await expect.poll(() => left(limiter)).toBe(3);
    for (const res of waiting) res.end();
    await expect.poll(() => left(limiter)).toBe(20);
    expect(socket.destroyed).toBe(false);
  });

  it.each(["failures", "successes"] as const)(
    "settle what %s count, of answers that were never begun too",
    async (count) => {
      const limiter = rateLimit({ name: "login", limit: 5, window: "1d", count });
      const port = await listen(limiter);
      const socket = await send(port, 5);
      await expect.poll(() => waiting.length).toBe(5);
      socket.destroy();
      await expect.poll(() => waiting[4]?.req.socket.destroyed).toBe(true);
      for (const res of waiting) res.end();
      expect(await left(limiter)).toBe(0);
    },
  );

  it("are asked what they have cost, of answers that were never begun too", async () => {
    const costAfter = (): number => 1;
    const limiter = rateLimit({ name: "work", limit: 100, window: "1d", cost: 10, costAfter });
    const port = await listen(limiter);
    const socket = await send(port, 5);
    await expect.poll(() => left(limiter)).toBe(50);
    socket.destroy();
    await expect.poll(() => left(limiter)).toBe(95);
  });

  it("hold no place in the queue for requests behind others on their connection", async () => {
    const options: RateLimitOptions = {
      name: "queue",
      algorithm: "leaky-bucket",
      limit: 10,
      window: "10h",
      burst: 5,
    };
    const limiter = rateLimit(options);
    const port = await listen(limiter);
    const socket = await send(port, 5);
    await expect.poll(() => left(limiter)).toBe(0);
    socket.destroy();
    // The first one has gone on.
    await expect.poll(() => left(limiter)).toBe(4);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(waiting).toHaveLength(1);
  });

  it("let those behind them move up", async () => {
    const limiter = rateLimit({
      name: "queue",
      algorithm: "leaky-bucket",
      limit: 6,
      window: "12s",
      burst: 6,
    });
    const port = await listen(limiter);
    await send(port, 1);
    await expect.poll(() => waiting.length).toBe(1);
    const started = performance.now();
    const leavers: Socket[] = [];
    for (let n = 0; n < 3; n += 1) leavers.push(await send(port, 1));
    await expect.poll(() => left(limiter)).toBeLessThan(3);
    await send(port, 1);
    await expect.poll(() => left(limiter)).toBeLessThan(2);
    for (const one of leavers) one.destroy();
    // Its turn would have come in eight seconds.
    await expect.poll(() => waiting.length).toBe(2);
    expect(performance.now() - started).toBeGreaterThan(1900);
  });

  describe("while a store is asked", () => {
    const result = { allowed: true, remaining: 1, retryAfterMs: 0, resetMs: 0, receipt: "7" };

    it.each(["late", "failed"])("free their places (the store: %s)", async (how) => {
      const refunds: RateLimitRefund[] = [];
      const asked: ((results: readonly RateLimitResult[]) => void)[] = [];
      const store: RateLimitStore = {
        algorithms: ["concurrency"],
        consume: () =>
          new Promise((resolve, reject) => {
            asked.push(how === "late" ? resolve : () => reject(new Error("down")));
          }),
        refund: async (given) => void refunds.push(...given),
      };
      const limiter = rateLimit({
        name: "open",
        algorithm: "concurrency",
        limit: 2,
        store,
        storeTimeout: "60s",
      });
      const port = await listen(limiter);
      const connected = once(servers.at(-1) as Server, "connection");
      const socket = await send(port, 2);
      const [accepted] = await connected;
      await expect.poll(() => asked.length).toBe(2);
      const gone = once(accepted, "close");
      socket.destroy();
      await gone;
      for (const answer of asked.splice(0)) answer([result]);
      if (how === "late") await expect.poll(() => refunds.length).toBe(2);
      else {
        await new Promise((resolve) => setTimeout(resolve, 20));
        const peeked = limiter.peek(ADDRESS);
        await expect.poll(() => asked.length).toBe(1);
        asked[0]?.([]);
        expect((await peeked)[0]?.remaining).toBe(2);
      }
    });
  });

  it("while they are slowed down settle what failures count", async () => {
    const limiter = rateLimit({
      name: "slow",
      limit: 5,
      window: "1d",
      count: "failures",
      slowDown: { from: 0, step: "30s", max: "1m" },
    });
    const port = await listen(limiter);
    const socket = await send(port, 1);
    await expect.poll(() => left(limiter)).toBe(4);
    socket.destroy();
    await expect.poll(() => decisions.at(-1)?.reason).toBe("client_left");
    expect(await left(limiter)).toBe(4);
  });
});
