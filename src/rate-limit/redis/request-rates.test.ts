import { once } from "node:events";
import { type ClientRequest, get } from "node:http";
import type { AddressInfo } from "node:net";
import request from "supertest";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { expressVersions } from "../../../test/support/express.js";
import { CLIENTS, type TestClient } from "../../../test/support/redis/redis-clients.js";
import { RedisServer, withoutRedis } from "../../../test/support/redis/redis-server.js";
import { rateLimit } from "../rate-limit.js";
import type { RateLimitPolicy } from "../rate-limit-options.js";
import { redisStore } from "./redis-store.js";

const TIERS = { day: { limit: 2, window: "1d" }, second: { limit: 60, window: "1s" } } as const;

describe.skipIf(withoutRedis).each(expressVersions)(
  "what requests cost and may spend in Redis, on Express %s",
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

    function appWith(...policies: RateLimitPolicy[]) {
      const app = express();
      const store = redisStore(opened.client);
      const limiter = rateLimit({ policies, store, storeTimeout: "2s" });
      app.use(limiter);
      app.get("/", (_req, res) => void res.send("ok"));
      return { app, limiter };
    }

    it.each(["token-bucket", "sliding-log", "fixed-window"] as const)(
      "gives back what a request has cost less, and no more, with %s",
      async (algorithm) => {
        const policy = { name: "a", algorithm, limit: 100, window: "1d", cost: 10 };
        const { app, limiter } = appWith({ ...policy, costAfter: () => 9 });
        const answer = await request(app).get("/").expect(200);
        expect(answer.headers["x-ratelimit-remaining"]).toBe("90");
        const left = async () => {
          const [state] = await limiter.peek({ key: "127.0.0.1" });
          return state?.remaining;
        };
        await vi.waitUntil(async () => (await left()) !== 90);
        expect(await left()).toBe(91);
      },
    );

    it("goes on asking Redis where nothing may pass", async () => {
      const warned = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
      const { app, limiter } = appWith(
        { name: "closed", limit: "none", match: "/closed", onStoreError: "reject" },
        {
          name: "tier",
          ...{ tier: () => "none", tiers: { none: { limit: "none" } } },
          match: "/t",
        },
      );
      for (let n = 0; n < 6; n += 1) {
        for (const path of ["/closed", "/t"]) {
          const refused = await request(app).get(path).expect(429);
          expect(refused.headers).toMatchObject({ "x-ratelimit-limit": "0" });
          expect(refused.headers).not.toHaveProperty("retry-after");
        }
      }
      const [state] = await limiter.peek({ policy: "closed", key: "127.0.0.1" });
      expect(state).toMatchObject({ limit: 0, remaining: 0, resetMs: 0 });
      expect(warned).not.toHaveBeenCalled();
      warned.mockRestore();
    });

    it("forgets no window where another tier has a shorter one", async () => {
      const { app } = appWith({
        name: "plan",
        algorithm: "fixed-window",
        tier: (req) => String(req.get("tier")),
        tiers: TIERS,
      });
      const send = (tier: keyof typeof TIERS) => request(app).get("/").set("tier", tier);
      await send("day").expect(200);
      await send("day").expect(200);
      await send("second").expect(200);
      const refused = await send("day").expect(429);
      expect(Number(refused.headers["retry-after"])).toBeGreaterThan(86_000);
    });

    it("gives the turn of nobody who waits in a leaky bucket to another one", async () => {
      const queue = { algorithm: "leaky-bucket", limit: 10, window: "10h", burst: 5 } as const;
      const { app, limiter } = appWith({ name: "queue", ...queue });
      const server = app.listen(0);
      await once(server, "listening");
      const { port } = server.address() as AddressInfo;
      const left = async () => (await limiter.peek({ key: "127.0.0.1" }))[0]?.remaining;
      const clients: ClientRequest[] = [];
      for (const remaining of [4, 3, 2, 1]) {
        clients.push(get({ port, host: "127.0.0.1", agent: false }).on("error", () => undefined));
        await expect.poll(left).toBe(remaining);
      }
      clients[2]?.destroy();
      await new Promise((resolve) => setTimeout(resolve, 50));
      clients[3]?.destroy();
      await expect.poll(left).toBeGreaterThan(1);
      await new Promise((resolve) => setTimeout(resolve, 50));
      expect(await left()).toBe(2);
      server.closeAllConnections();
      server.close();
    });
  },
);
