import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { CLUSTER_CLIENTS, type TestClient } from "../../../test/support/redis/redis-clients.js";
import { type RedisCluster, startRedisCluster } from "../../../test/support/redis/redis-cluster.js";
import { withoutRedis } from "../../../test/support/redis/redis-server.js";
import { withinDeadline } from "../../../test/support/redis/within-deadline.js";
import type { RateLimitRequest } from "../stores/rate-limit-store.js";
import { type StoreAnswer, StoreClient } from "../stores/store-client.js";
import { redisStore } from "./redis-store.js";

const DEADLINE_MS = 75;
const NEWEST = Object.entries(CLUSTER_CLIENTS).filter(([kind]) => kind.endsWith("6"));
const unhandled: unknown[] = [];
const noteUnhandled = (reason: unknown): void => void unhandled.push(reason);
process.on("unhandledRejection", noteUnhandled);

afterAll(() => {
  process.off("unhandledRejection", noteUnhandled);
});

function request(key: string): RateLimitRequest {
  const limits = { limit: 1000, windowMs: 3_600_000, burst: 1000 };
  return { policy: "client", key, algorithm: "fixed-window", ...limits, cost: 1 };
}

describe.skipIf(withoutRedis).each(NEWEST)(
  "redisStore in a cluster that loses a node, with %s",
  { timeout: 90_000 },
  (_kind, open) => {
    let cluster: RedisCluster;
    let opened: TestClient;
    beforeEach(async () => {
      cluster = await startRedisCluster("--cluster-require-full-coverage", "no");
      opened = await open(cluster.nodes[0]?.port ?? 0);
    });
    afterEach(async () => {
      await opened?.close();
      await cluster?.stop();
      expect(unhandled).toEqual([]);
    });

    it("lets nobody wait, counts on where it can, and comes back", async () => {
      const client = new StoreClient(redisStore(opened.client), DEADLINE_MS, ["test"]);
      const ask = async (key: string) => {
        const asked = new Promise<StoreAnswer>((done) => client.ask([request(key)], done));
        const inTime = withinDeadline(asked, DEADLINE_MS);
        const failed = (await asked) instanceof Error;
        return { failed, isLate: inTime.then(({ isLate }) => isLate) };
      };
      const askAll = async () => {
        const answers = [];
        for (let n = 0; n < 30; n += 1) answers.push(await ask(`=${n}`));
        return answers;
      };
      const whole = async () => (await askAll()).every(({ failed }) => !failed);
      await vi.waitUntil(whole, { timeout: 20_000 });
      const lost = cluster.nodes[2];
      await lost?.signal("SIGKILL");
      const during = [...(await askAll()), ...(await askAll())];
      expect(await Promise.all(during.map(({ isLate }) => isLate))).not.toContain(true);
      expect(during.some(({ failed }) => failed)).toBe(true);
      expect(during.some(({ failed }) => !failed)).toBe(true);
      await lost?.start();
      await vi.waitUntil(whole, { timeout: 20_000 });
    });
  },
);
