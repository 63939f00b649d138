import { describe, expect, it } from "vitest";
import { RecordQueue } from "./record-queue.js";

describe("records that wait", () => {
  it("come out in order, counted in records and bytes", () => {
    const queue = new RecordQueue();
    const out: number[] = [];
    let expected = 0;
    for (let number = 1; number <= 5000; number += 1) {
      const line = number % 7 === 0 ? undefined : "ü".repeat(number % 5);
      queue.push({ line, number });
      expected += Buffer.byteLength(line ?? "");
      expect(queue.bytes).toBe(expected);
      if (number % 3 !== 0) continue;
      const item = queue.shift();
      out.push(item?.number ?? 0);
      expected -= Buffer.byteLength(item?.line ?? "");
      expect([queue.bytes, queue.length]).toEqual([expected, number - out.length]);
      expect(queue.first?.number).toBe(out.length + 1);
    }
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) out.push(item.number);
    expect(out).toEqual(Array.from({ length: 5000 }, (_, index) => index + 1));
    expect([queue.bytes, queue.length, queue.first]).toEqual([0, 0, undefined]);
  });
});
