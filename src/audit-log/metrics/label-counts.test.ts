import { describe, expect, it } from "vitest";
import { LabelCounts } from "./label-counts.js";

describe("counts by two words", () => {
  it("are bounded in number, and lose nothing", () => {
    const counts = new LabelCounts((guard, code) => ({ guard, code }), 100);
    for (let round = 0; round < 3; round += 1) {
      for (let number = 0; number < 1000; number += 1) counts.add("rateLimit", `code_${number}`);
      for (let number = 0; number < 1000; number += 1) counts.add(`guard_${number}`, "ok");
    }
    const read = counts.read();
    expect(read).toHaveLength(101);
    expect(read[0]).toEqual({ attributes: { guard: "rateLimit", code: "code_0" }, value: 3 });
    expect(read.at(-1)?.attributes).toEqual({ guard: "_OTHER", code: "_OTHER" });
    expect(read.reduce((sum, { value }) => sum + value, 0)).toBe(6000);
  });
});
