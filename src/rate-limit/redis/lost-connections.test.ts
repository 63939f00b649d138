import { afterEach, describe, expect, it, vi } from "vitest";
import { CLIENTS } from "../../../test/support/redis/redis-clients.js";
import { RedisServer, withoutRedis } from "../../../test/support/redis/redis-server.js";
import { TcpProxy } from "../../../test/support/redis/tcp-proxy.js";
import type { RateLimitRequest } from "../stores/rate-limit-store.js";
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

/** What a fixed window has counted. */
const USED = "local _, _, used = struct.unpack('<ddd', redis.call('GET', KEYS[1])) return used";
const KEY = "rate-limit:{192.0.2.1}:client:window";

describe.skipIf(withoutRedis).each(Object.entries(CLIENTS))("redisStore with %s", (_kind, open) => {
  const closing: (() => unknown)[] = [];
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close();
  });

  async function openBehindProxy() {
    const server = await RedisServer.start();
    closing.push(() => server.stop());
    const proxy = await TcpProxy.to(server.port);
    closing.push(() => proxy.close());
    const opened = await open(proxy.port);
    closing.push(() => opened.close());
    return { server, proxy, opened };
  }

  it("charges once what the client sends again when it is connected again", async () => {
    const { server, proxy, opened } = await openBehindProxy();
    const store = redisStore(opened.client);
    const used = async () => (await server.command("EVAL", USED, "1", KEY))[0];
    await store.consume([request]);
    proxy.swallowAnswers();
    const asked = Array.from({ length: 10 }, () => store.consume([request]));
    const settled = Promise.allSettled(asked);
    await vi.waitUntil(async () => (await used()) === "11");
    proxy.cut();
    expect((await settled).map(({ status }) => status)).toEqual(Array(10).fill("rejected"));
    await vi.waitUntil(() => store.isReady?.() === true);
    const [after] = await store.consume([request]);
    expect(after).toMatchObject({ allowed: true, remaining: 988 });
  });

  it("rejects at once while there is no connection, and gives the client nothing to queue", async () => {
    const { proxy, opened } = await openBehindProxy();
    const store = redisStore(opened.client);
    proxy.refuse();
    await vi.waitUntil(() => store.isReady?.() === false);
    // It is connected again only after this: what waited for that would never end.
    await expect(store.consume([request])).rejects.toThrow("not connected");
    await proxy.accept();
    await vi.waitUntil(() => store.isReady?.() === true);
    expect((await store.consume([request]))[0]).toMatchObject({ remaining: 999 });
  });
});
