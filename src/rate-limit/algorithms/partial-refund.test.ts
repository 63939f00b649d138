import { describe, expect, it } from "vitest";
import { ratePolicy } from "../../../test/support/rate-limit-policy.js";
import type { Policy, RateLimitAlgorithm } from "../policies/policy.js";
import type { RateLimitResult } from "../stores/rate-limit-store.js";
import { MemoryEngine } from "./memory-engine.js";

const ALGORITHMS = [
  "token-bucket",
  "leaky-bucket",
  "sliding-log",
  "fixed-window",
] as const satisfies readonly RateLimitAlgorithm[];
const MINUTE = 60_000;

describe.each(ALGORITHMS)("what a %s charged too much", (algorithm) => {
  function start(own: Partial<Policy> = {}): {
    readonly clock: { now: number };
    readonly engine: MemoryEngine;
    readonly policy: Policy;
    take(cost: number): RateLimitResult;
    left(): number | undefined;
  } {
    const policy = ratePolicy({
      algorithm,
      limit: 100,
      windowMs: MINUTE,
      costAfter: () => 0,
      ...own,
    });
    const clock = { now: 5000 };
    const engine = new MemoryEngine([policy], 10, () => clock.now);
    const take = (cost: number): RateLimitResult => {
      const [result] = engine.consume([{ policy, key: "a", cost }]).results;
      if (result === undefined) throw new Error("no result");
      return result;
    };
    return { clock, engine, policy, take, left: () => take(0).remaining };
  }

  it("comes back", () => {
    const { engine, take, left } = start();
    engine.refund(take(60), 45);
    expect(left()).toBe(85);
  });

  it("comes back once", () => {
    const { engine, take, left } = start();
    const taken = take(60);
    take(30);
    expect(engine.refund(taken, 45)).toBe(true);
    expect(engine.refund(taken, 10)).toBe(false);
    expect(left()).toBe(55);
  });

  it("is no more than was charged", () => {
    const { engine, take, left } = start();
    take(30);
    engine.refund(take(20), 90);
    expect(left()).toBe(70);
  });

  it("does not come back a second time when it has come back with time", () => {
    const { clock, engine, take, left } = start();
    const held = Array.from({ length: 10 }, () => take(10));
    clock.now += MINUTE;
    for (let n = 0; n < 10; n += 1) expect(take(10).allowed).toBe(true);
    for (const result of held) engine.refund(result, 9);
    expect(left()).toBe(0);
  });

  it("does not come back after the key was reset", () => {
    const { engine, policy, take, left } = start();
    const taken = take(60);
    engine.reset(policy, "a");
    take(60);
    engine.refund(taken);
    expect(left()).toBe(40);
  });
});
