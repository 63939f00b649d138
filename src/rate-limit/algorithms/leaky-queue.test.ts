import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ratePolicy } from "../../../test/support/rate-limit-policy.js";
import type { RateLimitResult } from "../stores/rate-limit-store.js";
import { MemoryEngine } from "./memory-engine.js";

const INTERVAL = 100;

/** A request that was let in. */
interface Admitted {
  readonly result: RateLimitResult;
  readonly at: number;
  hasLeft: boolean;
}

const steps = fc.array(
  fc.record({
    wait: fc.oneof(fc.constant(0), fc.nat(250)),
    leaves: fc.boolean(),
    pick: fc.nat(50),
    cost: fc.integer({ min: 1, max: 3 }),
  }),
  { minLength: 1, maxLength: 80 },
);

function queue(): {
  readonly clock: { now: number };
  readonly engine: MemoryEngine;
  enter(cost?: number): RateLimitResult;
} {
  const policy = ratePolicy({
    algorithm: "leaky-bucket",
    limit: 10,
    windowMs: 10 * INTERVAL,
    burst: 10,
  });
  const clock = { now: 5000 };
  const engine = new MemoryEngine([policy], 10, () => clock.now);
  return {
    clock,
    engine,
    enter(cost = 1): RateLimitResult {
      const [result] = engine.consume([{ policy, key: "a", cost }]).results;
      if (result === undefined) throw new Error("no result");
      return result;
    },
  };
}

describe("the queue of a leaky bucket", () => {
  it("moves up who stands behind those that leave", () => {
    const { engine, enter } = queue();
    const results = Array.from({ length: 10 }, () => enter());
    expect(results.at(-1)?.delayMs).toBe(900);
    for (const result of results.slice(1, 9)) engine.refund(result);
    expect(results.at(-1)?.delayMs).toBe(100);
    expect(enter().delayMs).toBe(200);
  });

  it("lets requests go on at a constant rate, whoever leaves", () => {
    fc.assert(
      fc.property(steps, (list) => {
        const { clock, engine, enter } = queue();
        const admitted: (Admitted & { readonly cost: number })[] = [];
        const turnOf = ({ at, result }: Admitted): number => at + (result.delayMs ?? 0);
        for (const { wait, leaves, pick, cost } of list) {
          clock.now += wait;
          for (const one of admitted) {
            if (!one.hasLeft && turnOf(one) <= clock.now) engine.keep(one.result);
          }
          const waiting = admitted.filter((one) => !one.hasLeft && turnOf(one) > clock.now);
          const leaver = waiting[pick % Math.max(1, waiting.length)];
          if (leaves && leaver !== undefined) {
            leaver.hasLeft = true;
            engine.refund(leaver.result);
          } else {
            const result = enter(cost);
            if (result.allowed) admitted.push({ result, at: clock.now, hasLeft: false, cost });
          }
        }
        const gone = admitted.filter(({ hasLeft }) => !hasLeft);
        for (const [index, one] of gone.entries()) {
          const before = gone[index - 1];
          if (before === undefined) continue;
          expect(turnOf(one) - turnOf(before)).toBeGreaterThanOrEqual(before.cost * INTERVAL);
        }
      }),
      { numRuns: 500 },
    );
  });

  it("keeps nothing in memory of requests that are over", () => {
    const { clock, engine, enter } = queue();
    const first = enter();
    clock.now += 1000;
    engine.keep(first);
    expect((enter() as { earlier?: unknown }).earlier).toBeUndefined();
  });
});
