import { describe, expect, it } from "vitest";
import { reportTexts } from "./report-texts.js";

const report = {
  type: "csp-violation",
  rule: "script-src",
  document: `https://x.test/${"a".repeat(300)}`,
};

function received(count: number) {
  return {
    recorded: Array.from({ length: count }, () => report),
    repeated: 0,
    dropped: 0,
    ignored: 0,
  };
}

describe("the reports in a record", () => {
  it("are as many as the record has room for", () => {
    for (const [bytes, most] of [
      [1024, 512],
      [8192, 6144],
      [65_536, 63_488],
    ] as const) {
      const texts = reportTexts(received(100), bytes);
      expect(texts.length).toBeGreaterThan(0);
      expect(Buffer.byteLength(`[${texts.join(",")}]`)).toBeLessThanOrEqual(most + 1);
    }
    expect(reportTexts(received(100), 65_536)).toHaveLength(100);
    expect(reportTexts(undefined, 8192)).toEqual([]);
  });
});
