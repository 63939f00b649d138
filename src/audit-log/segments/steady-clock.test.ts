import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { SteadyClock } from "./steady-clock.js";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const START = Date.parse("2026-11-26T12:00:00.000Z");
let clock: SteadyClock;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date", "performance"], now: START });
  clock = new SteadyClock();
});

afterEach(() => void vi.useRealTimers());

/** As if so much time had passed, and the clock of the system was set by so much. */
function pass(time: number, jump = 0): number {
  vi.advanceTimersByTime(time);
  vi.setSystemTime(Date.now() + jump);
  return clock.now() - START;
}

describe("a clock that decides what is old", () => {
  it("goes with the system, and follows small corrections at once", () => {
    expect([pass(DAY), pass(0, 4 * MINUTE), pass(0, -2 * MINUTE)]).toEqual([
      DAY,
      DAY + 4 * MINUTE,
      DAY + 2 * MINUTE,
    ]);
  });

  it("goes on from before a jump ahead, and believes it after an hour", () => {
    expect(pass(MINUTE, 100 * DAY)).toBe(MINUTE);
    expect(pass(58 * MINUTE)).toBe(59 * MINUTE);
    expect(pass(3 * MINUTE)).toBe(100 * DAY + 62 * MINUTE);
  });

  it("forgets a jump that was corrected", () => {
    pass(0, 100 * DAY);
    expect(pass(30 * MINUTE, -100 * DAY)).toBe(30 * MINUTE);
    expect(pass(0, 100 * DAY)).toBe(30 * MINUTE);
    expect(pass(59 * MINUTE)).toBe(89 * MINUTE);
  });

  it("follows one that is set back at once", () => {
    expect(pass(0, -DAY)).toBe(-DAY);
    expect(pass(HOUR)).toBe(HOUR - DAY);
  });
});
