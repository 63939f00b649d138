import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ratePolicy } from "../../../test/support/rate-limit-policy.js";
import type { Charge, Policy } from "../policies/policy.js";
import { type Consumption, MemoryEngine } from "./memory-engine.js";

interface Step {
  /** Milliseconds since the step before. */
  readonly wait: number;
  readonly key: string;
  /** One cost for each policy. */
  readonly costs: readonly number[];
}

/** A policy of the model: tokens counted by addition, in exact fractions, with no arrival times. */
class Bucket {
  readonly #policy: Policy;
  /** In parts of a token: one token is `windowMs` parts, and `limit` parts come back per millisecond. */
  #parts: bigint;
  #at = 0;

  constructor(policy: Policy) {
    this.#policy = policy;
    this.#parts = BigInt(policy.burst) * BigInt(policy.windowMs);
  }

  fill(now: number): void {
    const { limit, burst, windowMs } = this.#policy;
    const parts = this.#parts + BigInt(now - this.#at) * BigInt(limit);
    const full = BigInt(burst) * BigInt(windowMs);
    this.#parts = parts > full ? full : parts;
    this.#at = now;
  }

  fits(cost: number): boolean {
    return this.#parts >= BigInt(cost) * BigInt(this.#policy.windowMs);
  }

  take(cost: number): void {
    this.#parts -= BigInt(cost) * BigInt(this.#policy.windowMs);
  }

  get tokens(): number {
    return Number(this.#parts / BigInt(this.#policy.windowMs));
  }
}

const policyArbitrary = fc
  .record({
    limit: fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 100_000 })),
    seconds: fc.oneof(fc.integer({ min: 1, max: 90 }), fc.constantFrom(3600, 5_184_000)),
    share: fc.double({ min: 0, max: 1, noNaN: true }),
  })
  .map(({ limit, seconds, share }) => policyOf(limit, seconds, Math.ceil(limit * share) || 1));

const stepsArbitrary = fc.array(
  fc.record({
    wait: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 2000 }), fc.nat(200_000)),
    key: fc.constantFrom("a", "b"),
    costs: fc.array(fc.oneof(fc.constant(1), fc.nat(12)), { minLength: 3, maxLength: 3 }),
  }),
  { minLength: 1, maxLength: 40 },
);

const scenario = fc.tuple(
  fc.array(policyArbitrary, { minLength: 1, maxLength: 3 }),
  stepsArbitrary,
);

describe("the memory engine", () => {
  it("decides and counts exactly like buckets filled by hand", () => {
    fc.assert(
      fc.property(scenario, ([policies, steps]) => {
        const models = new Map<string, Bucket[]>();
        let now = 0;
        for (const [index, { results }] of run(policies, steps).entries()) {
          const { wait, key, costs } = stepAt(steps, index);
          now += wait;
          const buckets = models.get(key) ?? policies.map((policy) => new Bucket(policy));
          models.set(key, buckets);
          for (const bucket of buckets) bucket.fill(now);
          const fits = buckets.map((bucket, place) => bucket.fits(costs[place] ?? 0));
          if (!fits.includes(false)) {
            for (const [place, bucket] of buckets.entries()) bucket.take(costs[place] ?? 0);
          }
          expect(results.map(({ allowed }) => allowed)).toEqual(fits);
          expect(results.map(({ remaining }) => remaining)).toEqual(buckets.map((b) => b.tokens));
        }
      }),
      { numRuns: 300 },
    );
  });

  it("admits in no span of time more than the burst and what comes back in that span", () => {
    fc.assert(
      fc.property(policyArbitrary, stepsArbitrary, (policy, steps) => {
        const one = steps.map((step) => ({ ...step, key: "a" }));
        const admitted: { at: number; cost: number }[] = [];
        let now = 0;
        for (const [index, { results }] of run([policy], one).entries()) {
          now += stepAt(one, index).wait;
          if (results[0]?.allowed)
            admitted.push({ at: now, cost: stepAt(one, index).costs[0] ?? 0 });
        }
        for (const [start, { at }] of admitted.entries()) {
          let spent = 0;
          for (const next of admitted.slice(start)) {
            spent += next.cost;
            const returned = Math.floor(((next.at - at) * policy.limit) / policy.windowMs);
            expect(spent).toBeLessThanOrEqual(policy.burst + returned);
          }
        }
      }),
      { numRuns: 300 },
    );
  });

  it("admits a refused request after the time it names, and not a millisecond earlier", () => {
    fc.assert(
      fc.property(scenario, ([policies, steps]) => {
        const answers = run(policies, steps);
        const index = answers.findIndex(({ results }, at) => {
          const possible = policies.every(
            ({ burst }, p) => (stepAt(steps, at).costs[p] ?? 0) <= burst,
          );
          return possible && results.some(({ allowed }) => !allowed);
        });
        fc.pre(index !== -1);
        const wait = Math.max(...(answers[index]?.results ?? []).map((r) => r.retryAfterMs));
        const history = steps.slice(0, index + 1);
        const again = stepAt(steps, index);
        const admitsAfter = (ms: number): boolean =>
          run(policies, [...history, { ...again, wait: ms }])
            .at(-1)
            ?.results.every(({ allowed }) => allowed) === true;
        expect(admitsAfter(wait)).toBe(true);
        expect(admitsAfter(wait - 1)).toBe(false);
      }),
      { numRuns: 300 },
    );
  });

  it("is left by a refused request as if that had never come", () => {
    fc.assert(
      fc.property(scenario, ([policies, steps]) => {
        const answers = run(policies, steps);
        const kept: Step[] = [];
        const keptAnswers: Consumption[] = [];
        let skipped = 0;
        for (const [index, answer] of answers.entries()) {
          const step = stepAt(steps, index);
          if (answer.results.every(({ allowed }) => allowed)) {
            kept.push({ ...step, wait: step.wait + skipped });
            keptAnswers.push(answer);
            skipped = 0;
          } else {
            skipped += step.wait;
          }
        }
        expect(run(policies, kept)).toEqual(keptAnswers);
      }),
      { numRuns: 300 },
    );
  });

  it("gives the last unit of a full bucket when the window does not divide by the limit", () => {
    for (const [limit, seconds] of [
      [3, 1],
      [7, 60],
      [997, 60],
      [99_991, 3600],
    ] as const) {
      const burst = Math.min(limit, 1000);
      const steps = Array.from({ length: burst + 1 }, () => ({ wait: 0, key: "a", costs: [1] }));
      const allowed = run([policyOf(limit, seconds, burst)], steps, 123_456_789).map(
        ({ results }) => results[0]?.allowed,
      );
      expect(allowed.indexOf(false), `${limit} per ${seconds} s`).toBe(burst);
    }
  });

  it("keeps a window of 60 days", () => {
    const day = 86_400_000;
    const [first, second, early, late] = run(
      [policyOf(1, 60 * 86_400, 1)],
      [0, 0, 60 * day - 1, 1].map((wait) => ({ wait, key: "a", costs: [1] })),
    ).map(({ results }) => results[0]);
    expect(first).toMatchObject({
      allowed: true,
      remaining: 0,
      retryAfterMs: 60 * day,
      resetMs: 60 * day,
    });
    expect(second?.allowed).toBe(false);
    expect(early).toMatchObject({ allowed: false, remaining: 0, retryAfterMs: 1, resetMs: 1 });
    expect(late?.allowed).toBe(true);
  });
});

function policyOf(limit: number, seconds: number, burst: number): Policy {
  return ratePolicy({ limit, windowMs: seconds * 1000, burst });
}

function stepAt(steps: readonly Step[], index: number): Step {
  const step = steps[index];
  if (step === undefined) throw new Error("no such step");
  return step;
}

function run(policies: readonly Policy[], steps: readonly Step[], start = 0): Consumption[] {
  let now = start;
  const engine = new MemoryEngine(policies, 1000, () => now);
  return steps.map(({ wait, key, costs }) => {
    now += wait;
    const charges: Charge[] = policies.map((policy, index) => ({
      policy,
      key,
      cost: costs[index] ?? 0,
    }));
    return engine.consume(charges);
  });
}

describe("refund", () => {
  const policy = policyOf(10, 10, 10);

  it("makes the charge undone: what is left is what would be left without it", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(5), { maxLength: 8 }), fc.nat(5), (others, cost) => {
        const [engine, other] = [0, 1].map(() => new MemoryEngine([policy], 10, () => 5000)) as [
          MemoryEngine,
          MemoryEngine,
        ];
        const spend = (target: MemoryEngine, units: number) =>
          target.consume([{ policy, key: "a", cost: units }]).results[0];
        for (const units of others) {
          spend(engine, units);
          spend(other, units);
        }
        const result = spend(engine, cost);
        if (result === undefined) throw new Error("no result");
        const takes = result.allowed && cost > 0;
        expect(engine.refund(result)).toBe(takes);
        expect(engine.refund(result)).toBe(false);
        const left = spend(other, 0)?.remaining;
        expect(spend(engine, 0)?.remaining).toBe(left);
        if (takes) expect(result.remaining).toBe(left);
      }),
    );
  });

  it("never gives back what time has given back already", () => {
    let now = 0;
    const engine = new MemoryEngine([policy], 10, () => now);
    const spend = (cost: number) => engine.consume([{ policy, key: "a", cost }]).results[0];
    const result = spend(4);
    if (result === undefined) throw new Error("no result");
    now = 3000;
    // Three of the four units are back, and nine more are spent: one is still missing.
    expect(spend(9)?.remaining).toBe(0);
    engine.refund(result);
    expect(spend(0)?.remaining).toBe(1);
    now = 20_000;
    const late = spend(4);
    if (late === undefined) throw new Error("no result");
    now = 30_000;
    engine.refund(late);
    expect(spend(0)?.remaining).toBe(10);
    expect(spend(11)?.allowed).toBe(false);
  });

  it("leaves the results of others alone", () => {
    const engine = new MemoryEngine([policy], 10, () => 0);
    const foreign = { allowed: true, remaining: 1, retryAfterMs: 0, resetMs: 0 };
    expect(engine.refund(foreign)).toBe(false);
    expect(engine.hasCounted(foreign)).toBe(false);
  });
});
