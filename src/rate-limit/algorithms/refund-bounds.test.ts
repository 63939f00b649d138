import { describe, expect, it } from "vitest";
import { ratePolicy } from "../../../test/support/rate-limit-policy.js";
import type { Policy, RateLimitAlgorithm } from "../policies/policy.js";
import type { RateLimitResult } from "../stores/rate-limit-store.js";
import type { Draft } from "./draft.js";
import { LogCounter } from "./log-counter.js";
import { MemoryEngine } from "./memory-engine.js";

function engineOf(own: Partial<Policy> & { readonly algorithm: RateLimitAlgorithm }): {
  readonly policy: Policy;
  readonly clock: { now: number };
  readonly engine: MemoryEngine;
  take(cost?: number, key?: string): RateLimitResult;
} {
  const policy = ratePolicy({ limit: 5, windowMs: 60_000, ...own });
  const clock = { now: 5000 };
  const engine = new MemoryEngine([policy], 10, () => clock.now);
  return {
    policy,
    clock,
    engine,
    take(cost = 1, key = "a"): RateLimitResult {
      const [result] = engine.consume([{ policy, key, cost }]).results;
      if (result === undefined) throw new Error("no result");
      return result;
    },
  };
}

describe("what is given back", () => {
  it("leaves nothing of a sliding log in memory", () => {
    const policy = ratePolicy({ algorithm: "sliding-log", limit: 5, windowMs: 60_000 });
    const counter = new LogCounter(policy, 10);
    const take = (now: number, cost = 1): Draft => {
      const draft = counter.draft({ policy, key: "a", cost }, now);
      draft.commit();
      return draft;
    };
    const kept = take(5000);
    for (let n = 1; n <= 1000; n += 1) take(5000 + n).giveBack(5000 + n, 1);
    expect(counter.logs.get("a")?.entries).toHaveLength(1);
    expect(take(6000, 0)).toMatchObject({ remaining: 4, resetMs: 59_000 });
    kept.giveBack(6000, 1);
    expect(take(6000, 0)).toMatchObject({ remaining: 5, resetMs: 0 });
    expect(counter.logs.size).toBe(0);
  });

  it("makes room for other keys", () => {
    const { engine, take } = engineOf({ algorithm: "sliding-log", count: "failures" });
    for (let n = 0; n < 100; n += 1) {
      const result = take(1, `key ${n}`);
      expect(result).toMatchObject({ slot: `key ${n}` });
      engine.refund(result);
    }
  });

  it("frees no place of requests that began after a reset", () => {
    const { engine, policy, take } = engineOf({ algorithm: "concurrency" });
    const before = Array.from({ length: 5 }, () => take());
    engine.reset(policy, "a");
    for (let n = 0; n < 5; n += 1) expect(take().allowed).toBe(true);
    for (const result of before) engine.refund(result);
    expect(take().allowed).toBe(false);
  });

  it("keeps nothing open of what is charged by hand", () => {
    const { engine, policy, take } = engineOf({ algorithm: "token-bucket", count: "failures" });
    engine.charge({ policy, key: "a", cost: 1 });
    expect((take() as { earlier?: unknown }).earlier).toBeUndefined();
  });
});

describe("a limit of none", () => {
  it.each(["token-bucket", "leaky-bucket", "sliding-log", "fixed-window", "concurrency"] as const)(
    "tells numbers with %s",
    (algorithm) => {
      const { engine, policy, take } = engineOf({ algorithm, limit: 0, burst: 0, windowMs: 1000 });
      for (const cost of [0, 1]) {
        const result = take(cost);
        expect(result.allowed).toBe(cost === 0);
        const { remaining, retryAfterMs, resetMs, delayMs } = result;
        expect([remaining, retryAfterMs, resetMs, delayMs].every(Number.isSafeInteger)).toBe(true);
      }
      engine.charge({ policy, key: "a", cost: 1 });
      engine.reward({ policy, key: "a", cost: 1 });
      expect(take(0).remaining).toBe(0);
    },
  );
});
