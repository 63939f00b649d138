import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DurationHistogram } from "./duration-histogram.js";

const WITHIN = 2 ** (1 / 32);

describe("DurationHistogram", () => {
  it("tells nothing when nothing was counted", () => {
    expect(new DurationHistogram().percentiles()).toBeUndefined();
  });

  it("tells each percentile within 2.2 %, and the maximum exactly", () => {
    const durations = fc.array(fc.integer({ min: 0, max: 2 ** 36 }), {
      minLength: 1,
      maxLength: 300,
    });
    fc.assert(
      fc.property(durations, (all) => {
        const histogram = new DurationHistogram();
        for (const duration of all) histogram.add(duration);
        const sorted = [...all].sort((one, other) => one - other);
        const found = histogram.percentiles();
        expect(found?.max).toBe(sorted.at(-1));
        for (const [part, told] of [
          [0.5, found?.p50],
          [0.95, found?.p95],
          [0.99, found?.p99],
        ] as const) {
          const right = Math.max(1, sorted[Math.ceil(all.length * part) - 1] ?? 0);
          // Half a microsecond is lost by rounding.
          expect(told).toBeLessThanOrEqual(right * WITHIN + 0.5);
          expect(told).toBeGreaterThanOrEqual(Math.min(right / WITHIN - 0.5, sorted.at(-1) ?? 0));
        }
      }),
    );
  });
});
