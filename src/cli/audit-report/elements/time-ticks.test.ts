import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { timeTicks } from "./time-ticks.js";

const textsOf = (start: string, end: string): readonly string[] =>
  timeTicks(Date.parse(start), Date.parse(end)).map(({ text }) => text);

describe("the ticks of an axis of time", () => {
  it.each<[string, string, string, readonly string[]]>([
    ["a second", "2026-11-26T12:00:00Z", "2026-11-26T12:00:01Z", ["12:00:00", "12:00:01"]],
    [
      "some seconds",
      "2026-11-26T12:00:03Z",
      "2026-11-26T12:00:50Z",
      ["12:00:10", "12:00:20", "12:00:30", "12:00:40", "12:00:50"],
    ],
    [
      "an hour",
      "2026-11-26T12:05:00Z",
      "2026-11-26T13:05:00Z",
      ["12:10", "12:20", "12:30", "12:40", "12:50", "13:00"],
    ],
    [
      "a day",
      "2026-11-26T00:00:00Z",
      "2026-11-27T00:00:00Z",
      ["00:00", "06:00", "12:00", "18:00", "00:00"],
    ],
    [
      "a night",
      "2026-11-26T22:00:00Z",
      "2026-11-27T06:00:00Z",
      ["11-26 22:00", "11-27 00:00", "11-27 02:00", "11-27 04:00", "11-27 06:00"],
    ],
    [
      "a week",
      "2026-11-20T07:00:00Z",
      "2026-11-27T07:00:00Z",
      ["2026-11-21", "2026-11-23", "2026-11-25", "2026-11-27"],
    ],
    [
      "five weeks, by Mondays",
      "2026-11-01T00:00:00Z",
      "2026-12-06T00:00:00Z",
      ["2026-11-02", "2026-11-09", "2026-11-16", "2026-11-23", "2026-11-30"],
    ],
    [
      "a year",
      "2025-11-27T00:00:00Z",
      "2026-11-26T00:00:00Z",
      ["2026-01", "2026-03", "2026-05", "2026-07", "2026-09", "2026-11"],
    ],
    [
      "two years",
      "2024-12-05T00:00:00Z",
      "2026-12-03T00:00:00Z",
      ["2025-01", "2025-07", "2026-01", "2026-07"],
    ],
    [
      "ten years",
      "2016-12-01T00:00:00Z",
      "2026-12-01T00:00:00Z",
      ["2018", "2020", "2022", "2024", "2026"],
    ],
  ])("are round times of %s", (_what, start, end, texts) => {
    expect(textsOf(start, end)).toEqual(texts);
  });

  it("are two to six in the order of time, however long the axis is", () => {
    const most = 8.64e12;
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: most - 1 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (second, part) => {
          const start = second * 1000;
          // From one second to as far as a date reaches.
          const length = Math.ceil((most - second) ** part) * 1000;
          const ticks = timeTicks(start, start + length);
          expect(ticks.length).toBeGreaterThanOrEqual(start + length > 8.6e15 ? 1 : 2);
          expect(ticks.length).toBeLessThanOrEqual(6);
          const places = ticks.map(({ place }) => place);
          expect(places).toEqual([...places].sort((one, other) => one - other));
          expect(places.every((place) => place >= 0 && place <= 1)).toBe(true);
        },
      ),
      { numRuns: 2000 },
    );
  });

  it("end where dates end", () => {
    expect(timeTicks(0, 9e15).every(({ text }) => /^\+?\d+$/.test(text))).toBe(true);
  });
});
