import { afterEach, describe, expect, it, vi } from "vitest";
import { OwedPlaces } from "./owed-places.js";
import type { RateLimitRefund } from "./rate-limit-store.js";

afterEach(() => void vi.restoreAllMocks());

function place(receipt: string): RateLimitRefund {
  const rate = { limit: 5, windowMs: 60_000, burst: 5, cost: 1 };
  return { policy: "a", key: "k", algorithm: "concurrency", ...rate, receipt };
}

describe("places of which a store could not be told", () => {
  it("are given back in parts, so that a request never pays for all of them", () => {
    const owed = new OwedPlaces();
    owed.add(Array.from({ length: 250 }, (_, index) => place(`${index}`)));
    expect(
      [owed.take(), owed.take(), owed.take(), owed.take()].map(({ length }) => length),
    ).toEqual([100, 100, 50, 0]);
  });

  it("are owed for their window, however often the store refuses them", () => {
    const now = vi.spyOn(performance, "now").mockReturnValue(0);
    const owed = new OwedPlaces();
    owed.add([place("1")]);
    for (const moment of [20_000, 40_000, 59_999]) {
      now.mockReturnValue(moment);
      const taken = owed.take();
      expect(taken.map(({ refund }) => refund.receipt)).toEqual(["1"]);
      owed.putBack(taken);
    }
    now.mockReturnValue(60_000);
    expect(owed.take()).toEqual([]);
  });
});
