import fc from "fast-check";
import { Redis } from "ioredis";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { BlockModel, blockings, blockSteps } from "../../../test/support/block-model.js";
import { type FrozenClient, frozenClient } from "../../../test/support/redis/frozen-clock.js";
import { RedisServer, withoutRedis } from "../../../test/support/redis/redis-server.js";
import type { RateLimitRequest, RateLimitStore } from "../stores/rate-limit-store.js";
import { redisStore } from "./redis-store.js";

const START = 1_700_000_000_000;
const DAY = 86_400_000;
/** One that runs for ever, so that every other one is refused. */
const request: RateLimitRequest = {
  policy: "p",
  key: "k",
  algorithm: "concurrency",
  limit: 1,
  windowMs: 366 * DAY,
  burst: 1,
  cost: 1,
};

describe.skipIf(withoutRedis)("the blocks of a key in Redis", () => {
  let server: RedisServer;
  let frozen: FrozenClient;
  let store: Required<Omit<RateLimitStore, "close">>;

  beforeAll(async () => {
    server = await RedisServer.start();
    frozen = frozenClient(server.port);
    store = redisStore(frozen.client) as typeof store;
  });
  beforeEach(() => frozen.flush());
  afterAll(async () => {
    frozen?.close();
    await server?.stop();
  });

  it("grow and decay as a model does that lives through every second", async () => {
    await fc.assert(
      fc.asyncProperty(blockings, blockSteps, async (blocking, steps) => {
        await frozen.flush();
        const model = new BlockModel(blocking);
        const asked = { ...request, blocking };
        let now = START;
        await frozen.setTime(now * 1000);
        await store.consume([asked]);
        for (const step of steps) {
          if (step.kind === "wait") now += step.seconds * 1000;
          await frozen.setTime(now * 1000);
          if (step.kind === "offend") await store.consume([asked]);
          if (step.kind === "block") await store.block([asked], step.seconds * 1000);
          model.live(step);
          const [state] = await store.consume([{ ...asked, cost: 0 }]);
          expect(state?.retryAfterMs).toBe(model.secondsLeft * 1000);
        }
      }),
      { numRuns: 150 },
    );
  }, 120_000);

  it("are held for as long as they say anything, and no longer", async () => {
    const client = new Redis(server.port, "127.0.0.1");
    try {
      await client.ping();
      const real = redisStore(client);
      const blocking = { after: 1, withinMs: 60_000, durationsMs: [100, 200], forgetMs: DAY };
      const asked = { ...request, blocking };
      await real.consume([asked]);
      for (const [duration, strikes] of [
        [100, 1],
        [200, 2],
        [200, 2],
      ] as const) {
        await expect.poll(() => blockedBy(real, asked)).toBe(duration);
        const [key = ""] = await server.command("--scan", "--pattern", "*:block*");
        const left = Number((await server.command("pttl", key))[0]);
        expect(left).toBeGreaterThan(strikes * DAY - 60_000);
        expect(left).toBeLessThanOrEqual(strikes * DAY + duration);
      }
    } finally {
      client.disconnect();
    }
  });

  it("do not begin with requests that can never pass", async () => {
    await frozen.setTime(START * 1000);
    const blocking = { after: 1, withinMs: 60_000, durationsMs: [60_000], forgetMs: DAY };
    const [answer] = await store.consume([{ ...request, blocking, cost: 2 }]);
    expect(answer).toMatchObject({ allowed: false, blocked: false });
  });
});

/** Milliseconds of the block that this request has begun, 0 if the one before it still runs. */
async function blockedBy(store: RateLimitStore, asked: RateLimitRequest): Promise<number> {
  const [before] = await store.consume([{ ...asked, cost: 0 }]);
  if (before?.blocked === true) return 0;
  const [answer] = await store.consume([asked]);
  return answer?.retryAfterMs ?? 0;
}
