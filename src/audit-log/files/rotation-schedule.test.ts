import { describe, expect, it } from "vitest";
import { type RotationRules, RotationSchedule } from "./rotation-schedule.js";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

function at(time: string): number {
  return Date.parse(time);
}

function begun(rules: RotationRules, time: string, writtenAt = time, size = 10): RotationSchedule {
  const schedule = new RotationSchedule(rules);
  schedule.begin(size, at(writtenAt), at(time));
  return schedule;
}

describe("a file is due to be rotated", () => {
  it("before it would be larger than its size, and not when a single write is", () => {
    const schedule = begun({ size: 100 }, "2026-11-26T12:00:00Z");
    const now = at("2026-11-26T12:00:00Z");
    expect([
      schedule.isDue(50, 50, now),
      schedule.isDue(50, 51, now),
      schedule.isDue(0, 500, now),
    ]).toEqual([false, true, false]);
  });

  it.each([
    ["a day in UTC", DAY, "2026-11-26T23:59:59.999Z", "2026-11-27T00:00:00.000Z"],
    ["seven days, on a Thursday", 7 * DAY, "2026-11-25T23:59:59.999Z", "2026-11-26T00:00:00.000Z"],
    ["an hour", HOUR, "2026-11-26T12:59:59.999Z", "2026-11-26T13:00:00.000Z"],
    // Summer time begins and ends in Europe: these days have 23 and 25 hours there.
    ["the day before summer time", DAY, "2026-03-29T23:59:59.999Z", "2026-03-30T00:00:00.000Z"],
    ["the day before winter time", DAY, "2026-10-25T23:59:59.999Z", "2026-10-26T00:00:00.000Z"],
    ["a leap day", DAY, "2028-02-29T23:59:59.999Z", "2028-03-01T00:00:00.000Z"],
  ])("with the first record behind %s, and not before", (_what, interval, last, next) => {
    const schedule = begun({ interval }, last.replace(/T.*/, "T00:00:00.000Z"));
    if (interval === HOUR) schedule.begin(10, at(last) - 1000, at(last) - 1000);
    expect([schedule.isDue(10, 1, at(last)), schedule.isDue(10, 1, at(next))]).toEqual([
      false,
      true,
    ]);
  });

  it("when its records are of an earlier interval than that of the start", () => {
    const late = begun({ interval: DAY }, "2026-11-26T12:00:00Z", "2026-11-25T23:00:00Z");
    expect(late.isDue(10, 1, at("2026-11-26T12:00:00Z"))).toBe(true);
    const empty = begun({ interval: DAY }, "2026-11-26T12:00:00Z", "2026-11-25T23:00:00Z", 0);
    expect(empty.isDue(0, 1, at("2026-11-26T12:00:00Z"))).toBe(false);
    expect(empty.isDue(10, 1, at("2026-11-26T13:00:00Z"))).toBe(false);
  });

  it("not when it is empty, however long it has been", () => {
    const schedule = begun({ interval: HOUR, size: 5 }, "2026-11-26T12:00:00Z");
    expect(schedule.isDue(0, 1, at("2026-11-28T12:00:00Z"))).toBe(false);
    expect(schedule.isDue(3, 1, at("2026-11-28T12:59:00Z"))).toBe(false);
  });

  it("not because the clock is set back, and at the end of the interval that begins again", () => {
    const schedule = begun({ interval: HOUR }, "2026-11-26T12:00:00Z");
    const due = ["2026-11-26T09:30:00Z", "2026-11-26T09:59:00Z", "2026-11-26T10:00:00Z"];
    expect(due.map((time) => schedule.isDue(10, 1, at(time)))).toEqual([false, false, true]);
  });

  it("as usual after a clock that was far ahead", () => {
    const schedule = begun({ interval: DAY }, "2026-11-26T12:00:00Z", "2099-01-01T00:00:00Z");
    expect(schedule.isDue(10, 1, at("2026-11-27T00:00:00Z"))).toBe(true);
  });
});
