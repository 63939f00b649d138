import { describe, expect, it } from "vitest";
import { FailureBucket } from "./failure-bucket.js";
import { VerificationQueue } from "./verification-queue.js";

describe("the count of failed verifications", () => {
  it.each([1, 3, 7, 100])(
    "has %i of them at once, and all of them again after the window",
    (limit) => {
      const bucket = new FailureBucket(limit, 60_000);
      const spend = (now: number): number => {
        let count = 0;
        while (bucket.charge("192.0.2.1", now)) count += 1;
        return count;
      };
      expect(spend(1000)).toBe(limit);
      expect(spend(1000 + 60_000 / limit / 2 - 1)).toBe(0);
      expect(spend(61_001)).toBe(limit);
      expect(bucket.charge("192.0.2.2", 61_001)).toBe(true);
    },
  );

  it("never gives back more than was charged", () => {
    const bucket = new FailureBucket(2, 60_000);
    expect(bucket.charge("192.0.2.1", 0)).toBe(true);
    for (let turn = 0; turn < 5; turn += 1) bucket.giveBack("192.0.2.1", 0);
    expect([1, 2, 3].map(() => bucket.charge("192.0.2.1", 0))).toEqual([true, true, false]);
  });
});

describe("the queue of verifications", () => {
  it("takes one address after the other, however many wait behind one of them", async () => {
    const queue = new VerificationQueue(100, 1000);
    const order: string[] = [];
    const wait = async (address: string): Promise<void> => {
      await queue.wait(address, undefined);
      order.push(address);
      queue.end(address);
    };
    const flood = Array.from({ length: 500 }, () => wait("flood"));
    await Promise.all([wait("a"), wait("b"), wait("c")]);
    // The eight of one turn, the three among them.
    expect(order.length).toBeLessThan(20);
    await Promise.all(flood);
    expect(order).toHaveLength(503);
  });

  it("begins a few in each turn of the event loop", async () => {
    const queue = new VerificationQueue(100, 1000);
    let begun = 0;
    const all = Array.from({ length: 80 }, async (_, index) => {
      await queue.wait(`address ${index}`, undefined);
      begun += 1;
      queue.end(`address ${index}`);
    });
    const perTurn: number[] = [];
    while (begun < 80) {
      const before = begun;
      await new Promise(setImmediate);
      perTurn.push(begun - before);
    }
    await Promise.all(all);
    expect(Math.max(...perTurn)).toBeLessThanOrEqual(8);
  });

  it("holds ten full lines of all addresses together, and forgets those that are over", async () => {
    const queue = new VerificationQueue(1, 3);
    const waiting = Array.from({ length: 40 }, (_, index) =>
      queue.wait(`${index % 20}`, undefined),
    );
    expect(waiting.filter((turn) => turn !== undefined)).toHaveLength(30);
    const turns = waiting.map(async (turn, index) => {
      await turn;
      if (turn !== undefined) queue.end(`${index % 20}`);
    });
    await Promise.all(turns);
    expect(queue.wait("0", undefined)).toBeInstanceOf(Promise);
  });
});
