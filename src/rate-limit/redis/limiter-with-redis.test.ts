import { AsyncLocalStorage } from "node:async_hooks";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { Redis } from "ioredis";
import request from "supertest";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { allAtOnce } from "../../../test/support/all-at-once.js";
import { expressVersions } from "../../../test/support/express.js";
import { CLIENTS, type TestClient } from "../../../test/support/redis/redis-clients.js";
import { RedisServer, withoutRedis } from "../../../test/support/redis/redis-server.js";
import { rateLimit } from "../rate-limit.js";
import type { RateLimitOptions } from "../rate-limit-options.js";
import { redisStore } from "./redis-store.js";

describe.skipIf(withoutRedis).each(expressVersions)(
  "rateLimit with redisStore on Express %s",
  (_major, express) => {
    let server: RedisServer;
    let opened: TestClient;
    beforeAll(async () => {
      server = await RedisServer.start();
      opened = await (CLIENTS["ioredis 6"] as (port: number) => Promise<TestClient>)(server.port);
    });
    beforeEach(async () => {
      await server.command("FLUSHALL");
    });
    afterAll(async () => {
      await opened?.close();
      await server?.stop();
    });

    function appWith(options: Partial<RateLimitOptions> = {}) {
      const app = express();
      const store = redisStore(opened.client);
      const one = { name: "client", limit: 2, window: "1m", storeTimeout: "2s", store };
      app.use(rateLimit({ ...one, ...options }));
      app.get("/", (_req, res) => void res.send("ok"));
      return app;
    }

    it("refuses what is over the limit in all processes, with the header fields", async () => {
      const [one, other] = [appWith(), appWith()];
      await request(one).get("/").expect(200).expect("X-RateLimit-Remaining", "1");
      await request(other).get("/").expect(200).expect("X-RateLimit-Remaining", "0");
      const refused = await request(one).get("/").expect(429);
      expect(refused.body.code).toBe("rate_limit_exceeded");
      expect(Number(refused.headers["retry-after"])).toBeGreaterThanOrEqual(29);
      expect(await server.eternalKeys()).toEqual([]);
    });

    it("keeps no context of a request alive, not even of the one that connects the client", async () => {
      setFlagsFromString("--expose-gc");
      const collectGarbage = runInNewContext("gc") as () => void;
      const storage = new AsyncLocalStorage<object>();
      const contexts: WeakRef<object>[] = [];
      const client = new Redis({ port: server.port, host: "127.0.0.1", lazyConnect: true });
      try {
        const app = express();
        app.set("trust proxy", 1);
        app.use((_req, _res, next) => {
          const context = {};
          contexts.push(new WeakRef(context));
          storage.run(context, next);
        });
        const store = redisStore(client);
        app.use(rateLimit({ name: "one", limit: 5, window: "1h", store, storeTimeout: "2s" }));
        app.get("/", (_req, res) => void res.send("ok"));
        for (let index = 0; index < 20; index += 1) {
          await request(app).get("/").set("X-Forwarded-For", `198.51.100.${index}`).expect(200);
          if (index === 0) await vi.waitUntil(() => client.status === "ready");
        }
        const alive = () => {
          collectGarbage();
          return contexts.filter((context) => context.deref() !== undefined);
        };
        // Node.js keeps the context of whoever asks it for the time for a second.
        await vi.waitUntil(() => !alive().includes(contexts[0] as WeakRef<object>), {
          interval: 50,
        });
        // The sockets of the last requests may not be closed yet.
        expect(alive().length).toBeLessThan(10);
      } finally {
        client.disconnect();
      }
    });

    it("counts what runs at the same time, and gives it back when it is over", async () => {
      const app = express();
      const store = redisStore(opened.client);
      const held: (() => void)[] = [];
      const limit = { name: "running", limit: 1, window: "1m", storeTimeout: "2s" };
      app.use(rateLimit({ ...limit, algorithm: "concurrency", store }));
      app.get("/", (_req, res) => void held.push(() => res.send("ok")));
      const first = request(app)
        .get("/")
        .then(({ status }) => status);
      await vi.waitUntil(() => held.length === 1);
      await request(app).get("/").expect(429);
      held[0]?.();
      expect(await first).toBe(200);
      await vi.waitUntil(async () => (await server.command("DBSIZE"))[0] === "0");
    });

    it("lets requests leave a leaky bucket one after the other", async () => {
      const app = express().use(
        allAtOnce(4),
        appWith({ algorithm: "leaky-bucket", limit: 120, window: "1m", burst: 3 }),
      );
      const from = performance.now();
      const statuses = await Promise.all(
        [1, 2, 3, 4].map(() =>
          request(app)
            .get("/")
            .then(({ status }) => status),
        ),
      );
      expect(statuses.toSorted()).toEqual([200, 200, 200, 429]);
      expect(performance.now() - from).toBeGreaterThan(950);
    });

    it("counts in memory while Redis is away, or refuses", async () => {
      const fallback = appWith({ storeTimeout: "75ms" });
      const reject = appWith({ storeTimeout: "75ms", name: "reject", onStoreError: "reject" });
      await server.signal("SIGKILL");
      await request(fallback).get("/").expect(200);
      await request(fallback).get("/").expect(200);
      await request(fallback).get("/").expect(429);
      const refused = await request(reject).get("/").expect(503);
      expect(refused.body.code).toBe("rate_limit_unavailable");
      await server.start();
      await vi.waitFor(() => request(reject).get("/").expect(200));
    });
  },
);
