import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  DURATION,
  formatDuration,
  formatSize,
  parseDuration,
  parseSize,
  SIZE,
  wrongQuantity,
} from "./quantity.js";

describe("parseDuration", () => {
  it.each([
    ["0s", 0],
    ["1ms", 1],
    ["30s", 30_000],
    ["15m", 900_000],
    ["24h", 86_400_000],
    ["7d", 604_800_000],
    ["090s", 90_000],
  ])("reads %s", (text, milliseconds) => {
    expect(parseDuration(text)).toBe(milliseconds);
  });

  it.each([
    "",
    "15",
    "m",
    "15 m",
    " 15m",
    "15m ",
    "15M",
    "1.5h",
    "-1s",
    "+1s",
    "1e3s",
    "15min",
    "1w",
    "15kb",
    "1h30m",
    "١s",
    "15m\n",
    "Infinityd",
    "999999999999999d",
    "9999999999999999s",
    "15constructor",
    "1__proto__",
  ])("refuses %j", (text) => {
    expect(parseDuration(text)).toBeUndefined();
  });
});

describe("parseSize", () => {
  it.each([
    ["512b", 512],
    ["1kb", 1024],
    ["100kb", 102_400],
    ["2mb", 2_097_152],
    ["1gb", 1_073_741_824],
  ])("reads %s", (text, bytes) => {
    expect(parseSize(text)).toBe(bytes);
  });

  it.each(["", "100", "100KB", "1k", "1kib", "1.5mb", "15m", "999999999999999gb"])(
    "refuses %j",
    (text) => {
      expect(parseSize(text)).toBeUndefined();
    },
  );
});

describe("formatDuration and formatSize", () => {
  it.each([
    [0, "0ms"],
    [1, "1ms"],
    [1500, "1500ms"],
    [90_000, "90s"],
    [60_000, "1m"],
    [86_400_000, "1d"],
  ])("spell %i milliseconds as %s", (milliseconds, text) => {
    expect(formatDuration(milliseconds)).toBe(text);
  });

  it("are the inverse of the parsers", () => {
    const quantity = fc.nat({ max: 999_999_999_999_999 });
    fc.assert(fc.property(quantity, (value) => parseDuration(formatDuration(value)) === value));
    fc.assert(fc.property(quantity, (value) => parseSize(formatSize(value)) === value));
  });
});

describe("a bare number", () => {
  const range = { must: "a duration", min: 1000, max: 86_400_000 * 366 };

  it.each([
    [60, 'write "1m" for seconds'],
    // Not 3.6 seconds, which a window cannot be.
    [3600, 'write "1h" for seconds'],
    [31_536_000, 'write "31536s" for milliseconds or "365d" for seconds'],
    [900_000, 'write "15m" for milliseconds or "250h" for seconds'],
  ])("%d is never given the smaller unit in silence", (value, spelling) => {
    expect(wrongQuantity(value, range, DURATION)).toBe(
      `must be a duration, got ${value}: a bare number has no unit, ${spelling}`,
    );
  });

  it("gets no spelling when none is within the range", () => {
    const text = wrongQuantity(60, { ...range, min: 100_000 }, DURATION);
    expect(text).toBe("must be a duration, got 60: a bare number has no unit");
  });

  it("as a text has the same readings, while it is too short for a secret", () => {
    expect(wrongQuantity("900000", range, DURATION)).toBe(
      'must be a duration, got "900000": a bare number has no unit, write "15m" for milliseconds or "250h" for seconds',
    );
    expect(wrongQuantity("91379137", range, DURATION)).toBe(
      "must be a duration, got a string of 8 characters",
    );
  });

  it.each([
    ["15min", '"15min": write "15m"'],
    ["1 Minute", '"1 Minute": write "1m"'],
    ["2 weeks", '"2 weeks": write "14d"'],
    ["1.5h", '"1.5h": write "90m"'],
    ["1.0005s", "a string of 7 characters"],
    ["500 days", '"500 days"'],
    ["15 parsecs", "a string of 10 characters"],
    ["9137zqsecre", "a string of 11 characters"],
    ["15toString", "a string of 10 characters"],
  ])("%s is read in other words, if it is a quantity", (text, said) => {
    expect(wrongQuantity(text, range, DURATION)).toBe(`must be a duration, got ${said}`);
  });

  it("of bytes has one reading", () => {
    const bytes = { must: "a size", min: 1, max: 2 ** 30 };
    expect(wrongQuantity(102_400, bytes, SIZE)).toMatch(/, write "100kb"$/);
  });
});
