import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { resolve } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { RedisServer, withoutRedis } from "../support/redis/redis-server.js";

const LIBRARY = resolve(__dirname, "../../dist/rate-limit/index.js");
const PROCESS = resolve(__dirname, "../support/redis/counting-process.cjs");
const LIMITING = resolve(__dirname, "../support/redis/limiting-process.cjs");
/** What a fixed window has counted. */
const USED = "local _, _, used = struct.unpack('<ddd', redis.call('GET', KEYS[1])) return used";
/** So long that nothing comes back while a test runs. */
const YEAR = 366 * 86_400_000;

function policy(name: string, limit: number, algorithm = "fixed-window", key = "192.0.2.1") {
  return { policy: name, key, algorithm, limit, windowMs: YEAR, burst: limit, cost: 1 };
}

describe.skipIf(withoutRedis)("four processes with one Redis", { timeout: 90_000 }, () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await RedisServer.start();
  });
  beforeEach(async () => {
    await server.command("FLUSHALL");
  });
  afterAll(async () => {
    await server?.stop();
  });

  /** @returns What was admitted, as the sum of its costs. */
  async function count(
    kind: string,
    policies: readonly object[],
    maxCost: number,
  ): Promise<number> {
    const args = [LIBRARY, kind, String(server.port), JSON.stringify(policies), String(maxCost)];
    const processes = [1, 2, 3, 4].map(() => fork(PROCESS, args));
    await Promise.all(processes.map(nextMessage));
    const counts = processes.map(nextMessage);
    for (const one of processes) one.send("go");
    return (await Promise.all(counts)).reduce<number>((sum, cost) => sum + Number(cost), 0);
  }

  it.each([
    ["ioredis", "token-bucket"],
    ["redis", "fixed-window"],
    ["ioredis", "sliding-log"],
  ])(
    "admit exactly the limit of 4,000 requests at once, with %s and %s",
    async (kind, algorithm) => {
      expect(await count(kind, [policy("client", 700, algorithm)], 1)).toBe(700);
      expect(await server.eternalKeys()).toEqual([]);
    },
  );

  it("charge three policies with random costs all or nothing, so that all have counted the same", async () => {
    const policies = [
      policy("global", 5000, "fixed-window", "=all"),
      policy("client", 3000),
      policy("user", 900, "fixed-window", "=user"),
    ];
    const admitted = await count("redis", policies, 5);
    expect(admitted).toBeGreaterThan(895);
    expect(admitted).toBeLessThanOrEqual(900);
    const keys = ["{=all}:global", "{192.0.2.1}:client", "{=user}:user"];
    const used = keys.map(
      async (key) => (await server.command("EVAL", USED, "1", `rate-limit:${key}:window`))[0],
    );
    expect(await Promise.all(used)).toEqual(Array(3).fill(String(admitted)));
    expect(await server.eternalKeys()).toEqual([]);
  });

  it("admit exactly the limit together, and in an outage each its share", async () => {
    const own = await RedisServer.start();
    const limit = { name: "client", limit: 100, window: "1h", algorithm: "fixed-window" };
    const options = { ...limit, fallbackShare: 1 / 4, storeTimeout: "10s" };
    const args = [LIBRARY, String(own.port), JSON.stringify(options)];
    const processes = [1, 2, 3, 4].map(() => fork(LIMITING, args));
    const admitted = async () => {
      const counts = processes.map(nextMessage);
      for (const one of processes) one.send("go");
      return (await Promise.all(counts)).map(Number);
    };
    try {
      await Promise.all(processes.map(nextMessage));
      expect((await admitted()).reduce((sum, count) => sum + count)).toBe(100);
      await own.signal("SIGKILL");
      // No more in all than processes × share × limit, however often they are asked.
      expect(await admitted()).toEqual([25, 25, 25, 25]);
      expect(await admitted()).toEqual([0, 0, 0, 0]);
    } finally {
      for (const one of processes) one.disconnect();
      await own.stop();
    }
  });
});

async function nextMessage(child: ChildProcess): Promise<unknown> {
  const [message] = await once(child, "message");
  return message;
}
