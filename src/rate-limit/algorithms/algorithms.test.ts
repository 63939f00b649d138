import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ratePolicy } from "../../../test/support/rate-limit-policy.js";
import type { Policy, Rate, RateLimitAlgorithm } from "../policies/policy.js";
import type { RateLimitResult } from "../stores/rate-limit-store.js";
import { MemoryEngine } from "./memory-engine.js";

/** What one step of a run does. */
interface Step {
  /** Milliseconds since the step before. */
  readonly wait: number;
  readonly cost: number;
  /** Which of the charges before it is given back; none when it is out of range. */
  readonly giveBack: number;
}

/** A charge as a model remembers it: nothing but facts, nothing computed in advance. */
interface Fact {
  readonly at: number;
  cost: number;
}

/** Says, from nothing but the facts, how many units are left. */
type Model = (facts: readonly Fact[], now: number, policy: Policy) => number;

const MODELS: Partial<Record<RateLimitAlgorithm, Model>> = {
  "sliding-log": (facts, now, { limit, windowMs }) =>
    limit - sum(facts.filter(({ at }) => at + windowMs > now)),
  "fixed-window": (facts, now, { limit, windowMs }) => {
    let end = Number.NEGATIVE_INFINITY;
    let used = 0;
    for (const { at, cost } of facts) {
      if (at >= end) {
        end = at + windowMs;
        used = 0;
      }
      used += cost;
    }
    return now < end ? limit - used : limit;
  },
  concurrency: (facts, _now, { limit }) => limit - sum(facts),
};

const steps = fc.array(
  fc.record({
    wait: fc.oneof(fc.constant(0), fc.nat(400), fc.nat(5000)),
    cost: fc.integer({ min: 0, max: 4 }),
    giveBack: fc.oneof(fc.constant(1000), fc.nat(12)),
  }),
  { minLength: 1, maxLength: 60 },
);

describe.each(Object.keys(MODELS) as ("sliding-log" | "fixed-window" | "concurrency")[])(
  "%s",
  (algorithm) => {
    const model = MODELS[algorithm] as Model;

    it("says what a model says that knows every charge, and leaves nothing behind where it refuses", () => {
      fc.assert(
        fc.property(steps, fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 4 }), run),
        { numRuns: 500 },
      );

      function run(all: readonly Step[], limit: number, seconds: number): void {
        const policy = ratePolicy({ algorithm, limit, windowMs: seconds * 1000 });
        const clock = { now: 1000 };
        const engine = new MemoryEngine([policy], 100, () => clock.now);
        const facts: Fact[] = [];
        const charged: { fact: Fact; result: RateLimitResult }[] = [];
        for (const { wait, cost, giveBack } of all) {
          clock.now += wait;
          const returned = charged.splice(giveBack, 1)[0];
          if (returned !== undefined) {
            engine.refund(returned.result);
            returned.fact.cost = 0;
            // The next window begins with what is spent next.
            if (model(facts, clock.now, policy) === limit) facts.length = 0;
          }
          const left = model(facts, clock.now, policy);
          const result = take(engine, policy, cost);
          expect(result.allowed).toBe(cost === 0 || cost <= left);
          if (!result.allowed) {
            expect(result.remaining).toBe(left);
            continue;
          }
          expect(result.remaining).toBe(left - cost);
          if (cost === 0) continue;
          const fact = { at: clock.now, cost };
          facts.push(fact);
          charged.push({ fact, result });
        }
      }
    });
  },
);

describe.each(["sliding-log", "fixed-window"] as const)("%s", (algorithm) => {
  it("admits a refused request after the time that it names, and not a millisecond before", () => {
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 8 }), (all, limit) => {
        const policy = ratePolicy({ algorithm, limit, windowMs: 3000 });
        const clock = { now: 0 };
        const engine = new MemoryEngine([policy], 100, () => clock.now);
        for (const { wait, cost } of all) {
          clock.now += wait;
          const { allowed, retryAfterMs } = take(engine, policy, cost);
          if (allowed || cost > limit) continue;
          clock.now += retryAfterMs - 1;
          expect(take(engine, policy, cost).allowed).toBe(false);
          clock.now += 1;
          expect(take(engine, policy, cost).allowed).toBe(true);
        }
      }),
    );
  });
});

describe("sliding-log", () => {
  it("holds fewer keys the longer their logs can be", () => {
    const policy = ratePolicy({ algorithm: "sliding-log", limit: 1000, windowMs: 60_000 });
    const engine = new MemoryEngine([policy], 1000, () => 0);
    const exhausted = Array.from({ length: 12 }, (_, index) => {
      return engine.consume([{ policy, key: `key ${index}`, cost: 1 }]).exhausted;
    });
    expect(exhausted.indexOf(true)).toBe(10);
  });
});

describe("leaky-bucket", () => {
  it("lets requests go on at a constant rate, one after the other", () => {
    const policy = ratePolicy({ algorithm: "leaky-bucket", limit: 10, windowMs: 1000, burst: 4 });
    const clock = { now: 0 };
    const engine = new MemoryEngine([policy], 10, () => clock.now);
    const results = Array.from({ length: 6 }, () => take(engine, policy, 1));
    expect(results.map(({ allowed }) => allowed)).toEqual([true, true, true, true, false, false]);
    expect(results.map(({ delayMs }) => delayMs)).toEqual([0, 100, 200, 300, 0, 0]);
    expect(results.at(-1)?.retryAfterMs).toBe(100);
    clock.now = 100;
    expect(take(engine, policy, 1)).toMatchObject({ allowed: true, delayMs: 300 });
  });

  it("gives the place of a request that has left to the next one", () => {
    const policy = ratePolicy({ algorithm: "leaky-bucket", limit: 10, windowMs: 1000, burst: 2 });
    const engine = new MemoryEngine([policy], 10, () => 0);
    take(engine, policy, 1);
    const second = take(engine, policy, 1);
    expect(take(engine, policy, 1).allowed).toBe(false);
    engine.refund(second);
    expect(take(engine, policy, 1)).toMatchObject({ allowed: true, delayMs: 100 });
  });
});

describe("a rate that depends on the request", () => {
  const slow: Rate = { limit: 60, windowMs: 60_000, burst: 60 };
  const fast: Rate = { limit: 600, windowMs: 60_000, burst: 600 };
  const policy = ratePolicy({ ...fast, rateFor: () => slow });

  it("counts as a policy with that rate does", () => {
    fc.assert(
      fc.property(
        steps,
        fc.integer({ min: 1, max: 1000 }),
        fc.integer({ min: 1, max: 400 }),
        (all, limit, seconds) => {
          const rate = { limit, windowMs: seconds * 1000, burst: Math.max(4, limit) };
          const clock = { now: 12_345 };
          const fixed = ratePolicy(rate);
          const expected = new MemoryEngine([fixed], 10, () => clock.now);
          const engine = new MemoryEngine([policy], 10, () => clock.now);
          for (const { wait, cost } of all) {
            clock.now += wait;
            const { results } = engine.consume([{ policy, rate, key: "a", cost }]);
            expect(shape(results[0])).toEqual(shape(take(expected, fixed, cost)));
          }
        },
      ),
    );
  });

  it("keeps the share that was spent when the rate changes", () => {
    const engine = new MemoryEngine([policy], 10, () => 0);
    engine.consume([{ policy, rate: slow, key: "a", cost: 30 }]);
    const up = engine.consume([{ policy, rate: fast, key: "a", cost: 0 }]).results[0];
    expect(up?.remaining).toBe(300);
    engine.consume([{ policy, rate: fast, key: "a", cost: 300 }]);
    const down = engine.consume([{ policy, rate: slow, key: "a", cost: 1 }]).results[0];
    expect(down).toMatchObject({ allowed: false, remaining: 0 });
  });
});

describe("a key that keeps being refused", () => {
  const blocking = {
    after: 3,
    withinMs: 10_000,
    durationsMs: [60_000, 300_000],
    forgetMs: 3_600_000,
  };
  const policy = ratePolicy({ limit: 1, windowMs: 1000, blocking });

  function clocked(): { clock: { now: number }; ask: () => RateLimitResult; engine: MemoryEngine } {
    const clock = { now: 0 };
    const engine = new MemoryEngine([policy], 10, () => clock.now);
    return { clock, ask: () => take(engine, policy, 1), engine };
  }

  function offend(ask: () => RateLimitResult): RateLimitResult {
    let last = ask();
    for (let index = 0; index < 3; index += 1) last = ask();
    return last;
  }

  it("is blocked, each time for longer, until that is forgotten", () => {
    const { clock, ask } = clocked();
    expect(offend(ask)).toMatchObject({ allowed: false, blocked: true, retryAfterMs: 60_000 });
    clock.now += 59_999;
    expect(ask()).toMatchObject({ allowed: false, blocked: true, retryAfterMs: 1 });
    clock.now += 1;
    expect(offend(ask)).toMatchObject({ blocked: true, retryAfterMs: 300_000 });
    clock.now += 300_000;
    expect(offend(ask)).toMatchObject({ blocked: true, retryAfterMs: 300_000 });
    clock.now += 300_000 + 2 * 3_600_000;
    expect(offend(ask)).toMatchObject({ blocked: true, retryAfterMs: 60_000 });
  });

  it("is not blocked by refusals that are far apart", () => {
    const { clock, ask } = clocked();
    for (let index = 0; index < 20; index += 1) {
      clock.now += 6000;
      ask();
      expect(ask()).toMatchObject({ allowed: false, blocked: false });
    }
  });

  it("is blocked and freed by hand", () => {
    const { ask, engine } = clocked();
    engine.block(policy, "a", 5000);
    expect(ask()).toMatchObject({ allowed: false, blocked: true, retryAfterMs: 5000 });
    engine.block(policy, "a", 0);
    expect(ask().allowed).toBe(true);
    engine.reset(policy, "a");
    expect(ask().allowed).toBe(true);
  });
});

function take(engine: MemoryEngine, policy: Policy, cost: number): RateLimitResult {
  const [result] = engine.consume([{ policy, key: "a", cost }]).results;
  if (result === undefined) throw new Error("no result");
  return result;
}

function shape(result: RateLimitResult | undefined): object {
  const { allowed, remaining, retryAfterMs, resetMs } = result as RateLimitResult;
  return { allowed, remaining, retryAfterMs, resetMs };
}

function sum(facts: readonly Fact[]): number {
  return facts.reduce((total, { cost }) => total + cost, 0);
}
