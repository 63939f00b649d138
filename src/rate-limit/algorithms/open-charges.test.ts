import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ratePolicy } from "../../../test/support/rate-limit-policy.js";
import type { Policy } from "../policies/policy.js";
import type { RateLimitResult } from "../stores/rate-limit-store.js";
import { MemoryEngine } from "./memory-engine.js";

/** What was taken and has not come back with time, first in, first out, in parts of a token. */
interface Taken {
  parts: bigint;
}

const steps = fc.array(
  fc.record({
    // Milliseconds since the step before.
    wait: fc.oneof(fc.constant(0), fc.nat(3000), fc.nat(40_000)),
    act: fc.constantFrom("take" as const, "take" as const, "give back" as const, "keep" as const),
    // Which of the open charges.
    pick: fc.nat(50),
    cost: fc.integer({ min: 1, max: 3 }),
  }),
  { minLength: 1, maxLength: 60 },
);
const policies = fc
  .record({ limit: fc.integer({ min: 1, max: 12 }), seconds: fc.integer({ min: 1, max: 60 }) })
  .map(({ limit, seconds }) => policyOf(limit, seconds));

function policyOf(limit: number, seconds: number): Policy {
  const windowMs = seconds * 1000;
  return ratePolicy({ limit, windowMs, count: "failures" });
}

function engineOf(policy: Policy): { engine: MemoryEngine; clock: { now: number } } {
  const clock = { now: 5000 };
  return { engine: new MemoryEngine([policy], 10, () => clock.now), clock };
}

function take(engine: MemoryEngine, policy: Policy, cost = 1): RateLimitResult {
  const [result] = engine.consume([{ policy, key: "a", cost }]).results;
  if (result === undefined) throw new Error("no result");
  return result;
}

describe("a charge that waits for the answer", () => {
  it("gives back exactly what of it has not come back with time", () => {
    fc.assert(
      fc.property(policies, steps, (policy, list) => {
        const { engine, clock } = engineOf(policy);
        const { limit, windowMs, burst } = policy;
        const size = BigInt(burst) * BigInt(windowMs);
        let queue: Taken[] = [];
        const open: { readonly result: RateLimitResult; readonly taken: Taken }[] = [];
        for (const { wait, act, pick, cost } of list) {
          clock.now += wait;
          let back = BigInt(wait) * BigInt(limit);
          for (const taken of queue) {
            const part = back < taken.parts ? back : taken.parts;
            taken.parts -= part;
            back -= part;
          }
          queue = queue.filter(({ parts }) => parts > 0n);
          if (act === "take") {
            const result = take(engine, policy, cost);
            const used = queue.reduce((sum, { parts }) => sum + parts, 0n);
            const taken = { parts: BigInt(cost) * BigInt(windowMs) };
            expect(result.allowed).toBe(used + taken.parts <= size);
            if (result.allowed) {
              queue.push(taken);
              open.push({ result, taken });
            }
          } else if (open.length > 0) {
            const [{ result, taken }] = open.splice(pick % open.length, 1) as [
              (typeof open)[number],
            ];
            if (act === "keep") engine.keep(result);
            else {
              engine.refund(result);
              taken.parts = 0n;
            }
          }
          const missing = queue.reduce((sum, { parts }) => sum + parts, 0n);
          expect(take(engine, policy, 0)).toMatchObject({
            remaining: Number((size - missing) / BigInt(windowMs)),
            resetMs: Math.ceil(Number(missing) / limit),
          });
        }
      }),
      { numRuns: 500 },
    );
  });

  it("held open while others are given back, returns nothing that has come back with time", () => {
    const policy = policyOf(10, 900);
    const { engine, clock } = engineOf(policy);
    const taken = Array.from({ length: 10 }, () => take(engine, policy));
    for (const result of taken.slice(0, 5)) engine.refund(result);
    clock.now += 450_000;
    const failures = Array.from({ length: 10 }, () => take(engine, policy));
    expect(failures.every(({ allowed }) => allowed)).toBe(true);
    for (const result of taken.slice(5)) engine.refund(result);
    expect(take(engine, policy).allowed).toBe(false);
  });

  it("keeps nothing in memory once it is known whether it stays", () => {
    const policy = policyOf(100, 900);
    const { engine } = engineOf(policy);
    const [first, second] = [take(engine, policy), take(engine, policy)] as unknown as {
      earlier: unknown;
      later: unknown;
    }[];
    expect(first?.later).toBe(second);
    engine.keep(first as never);
    expect(second?.earlier).toBeUndefined();
    engine.refund(second as never);
    const third = take(engine, policy) as unknown as { earlier: unknown };
    expect(third.earlier).toBeUndefined();
  });
});
