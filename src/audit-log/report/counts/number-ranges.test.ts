import { describe, expect, it } from "vitest";
import { NumberRanges } from "./number-ranges.js";

describe("different numbers", () => {
  it.each([
    ["in order", [1, 2, 3, 4]],
    ["backwards", [4, 3, 2, 1]],
    ["in no order", [3, 1, 4, 2]],
    ["several times", [1, 2, 2, 1, 3, 4, 4, 3]],
  ])("are counted once when they come %s", (_, numbers) => {
    expect(distinctOf(numbers)).toBe(4);
  });

  it("are those on both sides of gaps", () => {
    expect(distinctOf([1, 2, 9, 10, 5, 5, 6, 1])).toBe(6);
  });

  it("are not counted any more where there are too many gaps, and others are", () => {
    const budget = { left: 1500 };
    const [odd, whole] = [new NumberRanges(budget), new NumberRanges(budget)];
    for (let number = 3000; number > 0; number -= 2) odd.add(number);
    expect(odd.distinct).toBeUndefined();
    expect(budget.left).toBe(1500);
    for (let number = 1; number < 3000; number += 1) whole.add(number);
    expect(whole.distinct).toBe(2999);
  });
});

function distinctOf(numbers: readonly number[]): number | undefined {
  const ranges = new NumberRanges({ left: 10 });
  for (const number of numbers) ranges.add(number);
  return ranges.distinct;
}
