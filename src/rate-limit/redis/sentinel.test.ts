import { afterAll, afterEach, describe, expect, it, vi } from "vitest";
import { SENTINEL_CLIENTS } from "../../../test/support/redis/redis-clients.js";
import { RedisServer, withoutRedis } from "../../../test/support/redis/redis-server.js";
import type { RateLimitRequest } from "../stores/rate-limit-store.js";
import { type StoreAnswer, StoreClient } from "../stores/store-client.js";
import { redisStore } from "./redis-store.js";

const request: RateLimitRequest = {
  policy: "client",
  key: "192.0.2.1",
  algorithm: "fixed-window",
  limit: 1000,
  windowMs: 3_600_000,
  burst: 1000,
  cost: 1,
};
const unhandled: unknown[] = [];
const noteUnhandled = (reason: unknown): void => void unhandled.push(reason);
process.on("unhandledRejection", noteUnhandled);

afterAll(() => {
  process.off("unhandledRejection", noteUnhandled);
});

describe.skipIf(withoutRedis).each(Object.entries(SENTINEL_CLIENTS))(
  "redisStore with a Sentinel and %s",
  { timeout: 60_000 },
  (_kind, open) => {
    const closing: (() => unknown)[] = [];
    afterEach(async () => {
      for (const close of closing.splice(0).reverse()) await close();
      expect(unhandled).toEqual([]);
    });

    async function start(...args: string[]): Promise<RedisServer> {
      const server = await RedisServer.start(...args);
      closing.push(() => server.stop());
      return server;
    }

    it("counts on with the new master when the old one dies", async () => {
      const master = await start();
      const replica = await start("--replicaof", "127.0.0.1", String(master.port));
      const link = "master_link_status:up";
      await until(async () => (await replica.command("INFO", "replication")).join().includes(link));
      const sentinel = await start("--sentinel");
      const set = (...args: string[]) => sentinel.command("SENTINEL", ...args);
      await set("MONITOR", "limits", "127.0.0.1", String(master.port), "1");
      await set("SET", "limits", "down-after-milliseconds", "300", "failover-timeout", "2000");
      await until(async () => (await set("REPLICAS", "limits")).includes("slave"));
      const opened = await open(sentinel.port);
      closing.push(() => opened.close());
      const client = new StoreClient(redisStore(opened.client), 75, ["test"]);
      const ask = () => new Promise<StoreAnswer>((resolve) => client.ask([request], resolve));
      await until(async () => !((await ask()) instanceof Error));
      await until(async () => (await replica.command("DBSIZE"))[0] === "1");
      await master.signal("SIGKILL");
      expect(await ask()).toBeInstanceOf(Error);
      const remaining: number[] = [];
      await until(async () => {
        const answer = await ask();
        // One may come too late on a busy machine.
        if (!(answer instanceof Error)) remaining.push(answer[0]?.remaining ?? 0);
        return remaining.length === 2;
      });
      expect(await replica.command("ROLE")).toContain("master");
      // What the replica had was not lost.
      expect(remaining[1]).toBeLessThan(998);
    });
  },
);

async function until(holds: () => Promise<boolean>): Promise<void> {
  await vi.waitUntil(holds, { timeout: 25_000, interval: 50 });
}
