import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ratePolicy } from "../../../test/support/rate-limit-policy.js";
import { createModel } from "../../../test/support/redis/counter-models.js";
import { MemoryEngine } from "./memory-engine.js";

const rate = fc
  .record({
    limit: fc.constantFrom(1, 2, 3, 7, 10, 13),
    windowMs: fc.constantFrom(1000, 3000, 7000, 60_000),
    share: fc.integer({ min: 1, max: 3 }),
  })
  .map(({ limit, windowMs, share }) => ({ limit, windowMs, burst: Math.ceil(limit / share) }));

const step = fc.record({
  wait: fc.oneof(fc.constant(0), fc.nat(900), fc.nat(70_000)),
  cost: fc.integer({ min: 0, max: 4 }),
});

/** The models that Redis is compared with as well. */
describe.each(["token-bucket", "leaky-bucket"] as const)("%s in memory", (algorithm) => {
  it("admits and delays as the plainest model does", () => {
    fc.assert(
      fc.property(rate, fc.array(step, { minLength: 1, maxLength: 30 }), (one, steps) => {
        const policy = ratePolicy({ ...one, algorithm });
        const model = createModel({ ...one, algorithm, policy: "p", key: "k", cost: 1 });
        const clock = { now: 1_700_000_000_000 };
        const engine = new MemoryEngine([policy], 10, () => clock.now);
        for (const { wait, cost } of steps) {
          clock.now += wait;
          const micros = clock.now * 1000;
          const fits = cost === 0 || model.remaining(micros) >= cost;
          const delayMs = fits && cost > 0 ? model.charge(micros, cost, "charge") : 0;
          const [result] = engine.consume([{ policy, key: "k", cost }]).results;
          if (result === undefined) throw new Error("no result");
          const { allowed, remaining, resetMs } = result;
          expect({ allowed, remaining, resetMs, delayMs: result.delayMs }).toEqual({
            allowed: fits,
            remaining: model.remaining(micros),
            resetMs: model.resetMs(micros),
            delayMs,
          });
        }
      }),
      { numRuns: 400 },
    );
  });
});

describe("clients that rotate through IPv6 networks", () => {
  it("take no more memory than maxKeys keys, however many they are", () => {
    setFlagsFromString("--expose-gc");
    const collectGarbage = runInNewContext("gc") as () => void;
    const maxKeys = 20_000;
    const policy = ratePolicy({ limit: 10, windowMs: 3_600_000 });
    const engine = new MemoryEngine([policy], maxKeys, () => 0);
    const consume = (index: number) =>
      engine.consume([{ policy, key: keyOf(index), cost: 1 }]).exhausted;
    collectGarbage();
    const before = process.memoryUsage().heapUsed;
    let exhausted = 0;
    for (let index = 0; index < 400_000; index += 1) if (consume(index)) exhausted += 1;
    collectGarbage();
    expect(exhausted).toBeGreaterThan(300_000);
    // 100 bytes for each key, and what its network is counted with.
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(maxKeys * 300);
    // Still counted, with all others that found no room.
    const [last] = engine.consume([{ policy, key: keyOf(400_001), cost: 1 }]).results;
    expect(last?.allowed).toBe(false);
  });
});

/** A /56, of another /48 each time. */
function keyOf(index: number): string {
  return `2001:${(index >> 16).toString(16)}:${(index & 65_535).toString(16)}:${(index % 251) * 256}::/56`;
}
