import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CLIENTS, type TestClient } from "../../../test/support/redis/redis-clients.js";
import { RedisServer, withoutRedis } from "../../../test/support/redis/redis-server.js";
import type { RateLimitRequest } from "../stores/rate-limit-store.js";
import { redisStore } from "./redis-store.js";

const one: RateLimitRequest = {
  policy: "client",
  key: "192.0.2.1",
  algorithm: "token-bucket",
  limit: 5,
  windowMs: 3_600_000,
  burst: 5,
  cost: 1,
};

describe.skipIf(withoutRedis).each(Object.entries(CLIENTS))("redisStore with %s", (_kind, open) => {
  let server: RedisServer;
  let opened: TestClient;
  beforeAll(async () => {
    server = await RedisServer.start();
    opened = await open(server.port);
  });
  afterAll(async () => {
    await opened?.close();
    await server?.stop();
  });

  it("admits exactly the limit, and lets every key expire", async () => {
    const store = redisStore(opened.client);
    const policies = [one, { ...one, policy: "wide", limit: 1000, burst: 1000 }];
    const answers = await Promise.all(Array.from({ length: 300 }, () => store.consume(policies)));
    expect(answers.filter(([client]) => client?.allowed)).toHaveLength(5);
    const [left] = await store.consume([
      { ...one, policy: "wide", limit: 1000, burst: 1000, cost: 0 },
    ]);
    expect(left).toMatchObject({ allowed: true, remaining: 995, blocked: false, delayMs: 0 });
    expect(await server.eternalKeys()).toEqual([]);
    expect((await server.command("--scan")).toSorted()).toEqual([
      "rate-limit:{192.0.2.1}:client:bucket",
      "rate-limit:{192.0.2.1}:wide:bucket",
    ]);
  });
});
