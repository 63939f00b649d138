import { describe, expect, it } from "vitest";
import { isThenable, wrongReturn } from "./user-function.js";

describe("isThenable", () => {
  it.each<[string, unknown, boolean]>([
    ["a promise", Promise.resolve(), true],
    ["an object with a then method", { then: () => undefined }, true],
    [
      "a function with a then method",
      Object.assign(() => undefined, { then: () => undefined }),
      true,
    ],
    ["an object with another then", { then: true }, false],
    ["null", null, false],
    ["true", true, false],
    ["a string", "then", false],
  ])("of %s is %s", (_what, value, expected) => {
    expect(isThenable(value)).toBe(expected);
  });
});

describe("wrongReturn", () => {
  it.each<[unknown, string]>([
    ["secret", "string"],
    [null, "null"],
    [undefined, "undefined"],
    [Promise.resolve(true), "a promise"],
  ])("says what the function must return instead of %s, without the value", (value, got) => {
    expect(wrongReturn("rateLimit.skip", "true or false", value)).toEqual(
      new TypeError(`rateLimit.skip must return true or false, got ${got}`),
    );
  });

  it("swallows the rejection of a promise, so that the process goes on", async () => {
    // Vitest fails the run on an unhandled rejection.
    wrongReturn("rateLimit.skip", "true or false", Promise.reject(new Error("x")));
    await new Promise((resolve) => setImmediate(resolve));
  });
});
