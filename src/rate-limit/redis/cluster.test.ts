import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import {
  CLIENTS,
  CLUSTER_CLIENTS,
  type TestClient,
} from "../../../test/support/redis/redis-clients.js";
import { type RedisCluster, startRedisCluster } from "../../../test/support/redis/redis-cluster.js";
import { withoutRedis } from "../../../test/support/redis/redis-server.js";
import type { RateLimitRequest, RateLimitStore } from "../stores/rate-limit-store.js";
import { redisStore } from "./redis-store.js";

const HOUR = 3_600_000;

function request(policy: string, key: string, limit: number, cost = 1): RateLimitRequest {
  return { policy, key, algorithm: "token-bucket", limit, windowMs: HOUR, burst: limit, cost };
}

/** Each test has keys of its own. */
let round = 0;

describe.skipIf(withoutRedis)("redisStore in a cluster", () => {
  let cluster: RedisCluster;
  beforeAll(async () => {
    cluster = await startRedisCluster();
  });
  afterAll(async () => {
    await cluster?.stop();
  });

  describe.each(Object.entries(CLUSTER_CLIENTS))("with %s", (_kind, open) => {
    let opened: TestClient;
    let store: RateLimitStore;
    beforeAll(async () => {
      opened = await open(cluster.nodes[0]?.port ?? 0);
      store = redisStore(opened.client);
    });
    beforeEach(() => {
      round += 1;
    });
    afterAll(async () => {
      await opened?.close();
    });

    it("admits exactly what the tightest policy admits, and gives the others back what it refuses", async () => {
      const global = request("global", `=global ${round}`, 1000);
      const client = request("client", `192.0.2.${round}`, 20);
      const user = request("user", `=user ${round}`, 7);
      const answers = await Promise.all(
        Array.from({ length: 100 }, () => store.consume([global, client, user])),
      );
      const admitted = answers.filter((results) => results.every(({ allowed }) => allowed));
      expect(admitted).toHaveLength(7);
      await vi.waitFor(async () => {
        const left = await store.consume([
          { ...global, cost: 0 },
          { ...client, cost: 0 },
          { ...user, cost: 0 },
        ]);
        expect(left.map(({ remaining }) => remaining)).toEqual([993, 13, 0]);
      });
    });

    it("asks the narrowest policy first, whatever the order, and answers in the order of the question", async () => {
      const wide = request("wide", `=wide ${round}`, 100);
      const narrow = request("narrow", `=narrow ${round}`, 1, 2);
      const middle = request("middle", `=middle ${round}`, 10, 3);
      const results = await store.consume([wide, narrow, middle]);
      expect(results.map(({ allowed, remaining }) => [allowed, remaining])).toEqual([
        [true, 100],
        [false, 1],
        [true, 10],
      ]);
      expect(results.map(({ receipt }) => receipt)).toEqual(["-", "-", "-"]);
    });

    it("says of what it gives back that it is there again", async () => {
      const narrow = request("narrow", `=narrow ${round}`, 5, 2);
      const wide = request("wide", `=wide ${round}`, 100, 101);
      const [first, second] = await store.consume([narrow, wide]);
      expect(first).toMatchObject({ allowed: true, remaining: 5, retryAfterMs: 0 });
      expect(second).toMatchObject({ allowed: false, remaining: 100 });
      await vi.waitFor(async () => {
        expect((await store.consume([{ ...narrow, cost: 0 }]))[0]).toMatchObject({ remaining: 5 });
      });
    });

    it("refunds, resets, blocks and charges keys of several nodes", async () => {
      const blocking = { after: 3, withinMs: HOUR, durationsMs: [5000], forgetMs: HOUR };
      const requests = ["a", "b", "c", "d"].map((key) => ({
        ...request("p", `=${key} ${round}`, 5, 2),
        blocking,
      }));
      const left = async () =>
        (await store.consume(requests.map((one) => ({ ...one, cost: 0 })))).map(
          ({ remaining, blocked }) => (blocked ? "blocked" : remaining),
        );
      const answers = await store.consume(requests);
      expect(await left()).toEqual([3, 3, 3, 3]);
      await store.refund?.(
        requests.map((one, index) => ({ ...one, receipt: answers[index]?.receipt })),
      );
      expect(await left()).toEqual([5, 5, 5, 5]);
      await store.charge?.(requests);
      expect(await left()).toEqual([3, 3, 3, 3]);
      await store.block?.(requests, 5000);
      expect(await left()).toEqual(Array(4).fill("blocked"));
      await store.reset?.(requests);
      expect(await left()).toEqual([5, 5, 5, 5]);
    });

    it("gives back what it charged when a later partition fails", async () => {
      const narrow = request("narrow", `=narrow ${round}`, 5);
      const big = { ...request("big", `=big ${round}`, 10_001), algorithm: "sliding-log" } as const;
      await expect(store.consume([narrow, big])).rejects.toThrow(RangeError);
      await vi.waitFor(async () => {
        expect((await store.consume([{ ...narrow, cost: 0 }]))[0]).toMatchObject({ remaining: 5 });
      });
    });
  });

  it("lets every key expire", async () => {
    const eternal = await Promise.all(cluster.nodes.map((node) => node.eternalKeys()));
    expect(eternal.flat()).toEqual([]);
  });

  it("counts on through a client that takes the cluster for one server, where a proxy makes it look so", async () => {
    // What one node owns is what such a proxy would serve; keys of two slots of it are refused as there.
    const [node] = cluster.nodes;
    const opened = await (CLIENTS["ioredis 6"] as (port: number) => Promise<TestClient>)(
      node?.port ?? 0,
    );
    const owned: string[] = [];
    for (let n = 0; owned.length < 2; n += 1) {
      const [slot] = await (node as NonNullable<typeof node>).command(
        "CLUSTER",
        "KEYSLOT",
        `{=${n}}`,
      );
      if (Number(slot) < 5000) owned.push(`=${n}`);
    }
    const store = redisStore(opened.client);
    const requests = owned.map((key, index) => request(`p${index}`, key, 5));
    const results = await store.consume(requests);
    expect(results.map(({ remaining }) => remaining)).toEqual([4, 4]);
    await store.reset?.(requests);
    expect((await store.consume(requests)).map(({ remaining }) => remaining)).toEqual([4, 4]);
    await opened.close();
  });
});
