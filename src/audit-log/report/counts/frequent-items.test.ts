import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FrequentItems } from "./frequent-items.js";

const nothing = (): undefined => undefined;

describe("FrequentItems", () => {
  it("counts exactly as long as every key has room", () => {
    const items = new FrequentItems(3, nothing);
    for (const key of ["b", "a", "b", "c", "a", "b"]) items.add(key);
    expect(items.top(2)).toEqual([
      { key: "b", count: 3, error: 0, detail: undefined },
      { key: "a", count: 2, error: 0, detail: undefined },
    ]);
    expect(items).toMatchObject({ total: 6, size: 3, lost: 0 });
  });

  it("never counts a key too often, nor too low by more than it says", () => {
    const keys = fc.array(
      fc.tuple(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 1, max: 9 })),
      {
        maxLength: 400,
      },
    );
    fc.assert(
      fc.property(keys, fc.integer({ min: 2, max: 12 }), (stream, capacity) => {
        const items = new FrequentItems(capacity, nothing);
        const exact = new Map<string, number>();
        for (const [key, times] of stream) {
          items.add(`k${key}`, times);
          exact.set(`k${key}`, (exact.get(`k${key}`) ?? 0) + times);
        }
        const held = items.top(Number.POSITIVE_INFINITY);
        expect(held.length).toBeLessThanOrEqual(capacity);
        for (const { key, count, error } of held) {
          const right = exact.get(key) ?? 0;
          expect(count).toBeLessThanOrEqual(right);
          expect(count + error).toBeGreaterThanOrEqual(right);
        }
        const names = new Set(held.map(({ key }) => key));
        for (const [key, right] of exact) {
          if (!names.has(key)) expect(right).toBeLessThanOrEqual(items.lost);
        }
        expect(items.lost).toBeLessThanOrEqual((2 * items.total) / capacity);
      }),
    );
  });

  it("finds the frequent keys among a million others in the room of a thousand", () => {
    const items = new FrequentItems(1000, nothing);
    for (let index = 0; index < 1_000_000; index += 1) {
      items.add(index % 20 === 0 ? `often-${index % 3}` : `once-${index}`);
    }
    expect(items.size).toBeLessThanOrEqual(1000);
    expect(
      items
        .top(3)
        .map(({ key }) => key)
        .sort(),
    ).toEqual(["often-0", "often-1", "often-2"]);
  });
});
