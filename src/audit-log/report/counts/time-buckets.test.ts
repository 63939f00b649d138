import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TimeBuckets } from "./time-buckets.js";

interface Sum {
  sum: number;
}

function createBuckets(capacity: number): TimeBuckets<Sum> {
  return new TimeBuckets<Sum>(
    capacity,
    () => ({ sum: 0 }),
    (into, from) => {
      into.sum += from.sum;
    },
  );
}

describe("TimeBuckets", () => {
  it("holds a second in each stretch as long as there is room", () => {
    const buckets = createBuckets(10);
    for (const time of [5999, 1000, 1500]) buckets.at(time).sum += 1;
    expect(buckets.width).toBe(1000);
    expect(buckets.list()).toEqual([
      { start: 1000, counts: { sum: 2 } },
      { start: 5000, counts: { sum: 1 } },
    ]);
  });

  it("loses nothing when it makes its stretches longer, in whatever order times come", () => {
    const times = fc.array(fc.integer({ min: -8.64e15, max: 8.64e15 }), {
      minLength: 1,
      maxLength: 200,
    });
    fc.assert(
      fc.property(times, fc.integer({ min: 2, max: 20 }), (all, capacity) => {
        const buckets = createBuckets(capacity);
        for (const time of all) buckets.at(time).sum += 1;
        const { width } = buckets;
        const list = buckets.list();
        expect(list.length).toBeLessThanOrEqual(capacity);
        for (const { start, counts } of list) {
          const inside = all.filter((time) => time >= start && time < start + width);
          expect(counts.sum).toBe(inside.length);
        }
        expect(list.reduce((sum, { counts }) => sum + counts.sum, 0)).toBe(all.length);
      }),
    );
  });

  it("fits a stretch of time into a number of buckets side by side", () => {
    const buckets = createBuckets(100);
    const day = 86_400_000;
    buckets.at(0).sum += 1;
    buckets.at(day).sum += 1;
    buckets.fit(0, day, 120);
    expect(buckets.width).toBe(30 * 60_000);
  });
});
