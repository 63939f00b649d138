import type { Response } from "express";
import request from "supertest";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { expressVersions } from "../../../test/support/express.js";
import { CLIENTS, type TestClient } from "../../../test/support/redis/redis-clients.js";
import { RedisServer, withoutRedis } from "../../../test/support/redis/redis-server.js";
import { TcpProxy } from "../../../test/support/redis/tcp-proxy.js";
import { rateLimit } from "../rate-limit.js";
import { redisStore } from "./redis-store.js";

type Open = (port: number) => Promise<TestClient>;

describe.skipIf(withoutRedis).each(expressVersions)(
  "what runs, and is over while Redis is away, on Express %s",
  (_major, express) => {
    let server: RedisServer;
    const closing: (() => unknown)[] = [];
    beforeAll(async () => {
      server = await RedisServer.start();
      vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
    });
    afterAll(async () => {
      for (const close of closing) await close();
      await server?.stop();
      vi.restoreAllMocks();
    });

    it.each(["ioredis 6", "redis 6"] as const)("gives its place back later: %s", async (name) => {
      const proxy = await TcpProxy.to(server.port);
      const { client, close } = await (CLIENTS[name] as Open)(proxy.port);
      closing.push(close, () => proxy.close());
      const store = redisStore(client);
      const held: Response[] = [];
      const app = express();
      const limit = { name, limit: 2, window: "1h", storeTimeout: "2s" } as const;
      const limiter = rateLimit({ ...limit, algorithm: "concurrency", store });
      app.use(limiter);
      app.get("/", (_req, res) => void held.push(res));
      const left = async () => (await limiter.peek({ key: "127.0.0.1" }))[0]?.remaining;
      const running = [1, 2].map(() =>
        request(app)
          .get("/")
          .then(({ status }) => status),
      );
      await vi.waitUntil(() => held.length === 2);
      proxy.refuse();
      await vi.waitUntil(() => store.isReady?.() === false);
      for (const res of held.splice(0)) res.send("ok");
      expect(await Promise.all(running)).toEqual([200, 200]);
      await proxy.accept();
      await vi.waitUntil(() => store.isReady?.() === true);
      // The first answer says that Redis is there again.
      expect(await left()).toBe(0);
      await vi.waitUntil(async () => (await left()) === 2);
      expect(await server.command("DBSIZE")).toEqual(["0"]);
    });
  },
);
