import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createModel } from "../../../test/support/redis/counter-models.js";
import { type FrozenClient, frozenClient } from "../../../test/support/redis/frozen-clock.js";
import { RedisServer, withoutRedis } from "../../../test/support/redis/redis-server.js";
import type { RateLimitAlgorithm } from "../policies/policy.js";
import type { RateLimitRequest, RateLimitStore } from "../stores/rate-limit-store.js";
import { redisStore } from "./redis-store.js";

const START = 1_700_000_000_123_456;
const ALGORITHMS: readonly RateLimitAlgorithm[] = [
  "token-bucket",
  "leaky-bucket",
  "sliding-log",
  "fixed-window",
  "concurrency",
];

/** Limits and windows without a common divisor among them, so that a unit is no whole number of milliseconds. */
const policy = fc
  .record({
    algorithm: fc.constantFrom(...ALGORITHMS),
    limit: fc.constantFrom(1, 2, 3, 7, 10, 13),
    windowMs: fc.constantFrom(1000, 3000, 7000, 60_000),
    share: fc.integer({ min: 1, max: 3 }),
  })
  .map(({ algorithm, limit, windowMs, share }) => {
    const bucket = algorithm === "token-bucket" || algorithm === "leaky-bucket";
    return { algorithm, limit, windowMs, burst: bucket ? Math.ceil(limit / share) : limit };
  });

const step = fc.record({
  /** Microseconds. */
  passed: fc.oneof(
    fc.constant(0),
    fc.integer({ min: 1, max: 1500 }),
    fc.integer({ min: 1000, max: 900_000 }),
    fc.integer({ min: 900_000, max: 70_000_000 }),
  ),
  costs: fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 3, maxLength: 3 }),
  /** How many charges ago the one is that is given back, if any. */
  refund: fc.option(fc.integer({ min: 0, max: 4 })),
});

describe.skipIf(withoutRedis)("the script of redisStore", () => {
  let server: RedisServer;
  let frozen: FrozenClient;
  let store: RateLimitStore;

  beforeAll(async () => {
    server = await RedisServer.start();
    frozen = frozenClient(server.port);
    store = redisStore(frozen.client);
  });

  afterAll(async () => {
    frozen?.close();
    await server?.stop();
  });

  it("counts as the plainest model of each algorithm does, all policies or none", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(policy, { minLength: 1, maxLength: 3 }),
        fc.array(step, { minLength: 1, maxLength: 25 }),
        async (policies, steps) => {
          await frozen.flush();
          const requests = policies.map((one, index): RateLimitRequest => {
            return { ...one, policy: `p${index}`, key: "k", cost: 1 };
          });
          const models = requests.map(createModel);
          const charges: { refunds: RateLimitRequest[]; receipts: (string | undefined)[] }[] = [];
          let now = START;
          for (const { passed, costs, refund } of steps) {
            now += passed;
            await frozen.setTime(now);
            const asked = requests.map((one, index) => ({ ...one, cost: costs[index] ?? 1 }));
            const fits = asked.map(
              ({ cost }, index) => cost === 0 || (models[index]?.remaining(now) ?? 0) >= cost,
            );
            const delays = asked.map(({ cost }, index) => {
              if (fits.includes(false) || cost === 0) return 0;
              return models[index]?.charge(now, cost, `charge ${charges.length}`);
            });
            const answers = await store.consume(asked);
            expect(
              answers.map(({ allowed, remaining, resetMs, delayMs }) => {
                return { allowed, remaining, resetMs, delayMs };
              }),
            ).toEqual(
              fits.map((allowed, index) => {
                const remaining = Math.max(0, models[index]?.remaining(now) ?? 0);
                return {
                  allowed,
                  remaining,
                  resetMs: models[index]?.resetMs(now),
                  delayMs: delays[index],
                };
              }),
            );
            const receipts = answers.map(({ receipt }) => receipt);
            expect(receipts.map((receipt) => receipt !== "-")).toEqual(
              asked.map(({ cost }) => cost > 0 && !fits.includes(false)),
            );
            charges.push({ refunds: asked, receipts });
            const back = refund === null ? undefined : charges.at(-1 - refund);
            if (back === undefined) continue;
            const name = `charge ${charges.indexOf(back)}`;
            for (const model of models) model.refund(now, name);
            await store.refund?.(
              back.refunds.map((one, index) => ({ ...one, receipt: back.receipts[index] })),
            );
            back.receipts.fill("-");
          }
        },
      ),
      { numRuns: 150 },
    );
  }, 120_000);

  it("says exactly when a request of the same cost is admitted", async () => {
    await fc.assert(
      fc.asyncProperty(
        policy,
        fc.array(fc.integer({ min: 0, max: 400_000 }), { minLength: 1, maxLength: 20 }),
        fc.integer({ min: 1, max: 4 }),
        async (one, gaps, price) => {
          await frozen.flush();
          const cost = Math.min(price, one.burst);
          const request: RateLimitRequest = { ...one, policy: "p", key: "k", cost };
          let now = START;
          let refused = (await consumeAt(now, request)) as {
            retryAfterMs: number;
            allowed: boolean;
          };
          for (const gap of gaps) {
            now += gap;
            const answer = await consumeAt(now, request);
            if (answer !== undefined) refused = answer;
            if (!refused.allowed) break;
          }
          if (refused.retryAfterMs === 0) return;
          // Times are whole milliseconds for buckets and windows, and rounded up for the others.
          const early = Math.floor(now / 1000) * 1000 + (refused.retryAfterMs - 1) * 1000;
          if (early > now)
            expect(await consumeAt(early, request)).toMatchObject({ allowed: false });
          const later = await consumeAt(now + refused.retryAfterMs * 1000, request);
          expect(later).toMatchObject({ allowed: true });
        },
      ),
      { numRuns: 150 },
    );
  }, 120_000);

  async function consumeAt(micros: number, request: RateLimitRequest) {
    await frozen.setTime(micros);
    return (await store.consume([request]))[0];
  }
});
