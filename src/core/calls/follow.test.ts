import { describe, expect, it } from "vitest";
import { FAILURES } from "../../../test/support/user-functions/failures.js";
import { follow, ignoreOutcome, promiseOf } from "./follow.js";

const THEN = "then";

describe("promiseOf", () => {
  it.each<[string, unknown]>([
    ["a value", "x"],
    ["a promise", Promise.resolve("x")],
    [
      "a promise for a promise",
      Promise.resolve({ [THEN]: (done: (v: string) => void) => done("x") }),
    ],
    ["a thenable", { [THEN]: (done: (v: string) => void) => done("x") }],
    [
      "a thenable that is an async function",
      { [THEN]: async (done: (v: string) => void) => done("x") },
    ],
  ])("gives what %s gives", async (_what, answer) => {
    expect(await promiseOf(answer)).toBe("x");
  });

  it("rejects with what the answer rejects with", async () => {
    await expect(promiseOf(Promise.reject(new Error("boom")))).rejects.toThrow("boom");
  });

  it("ends where a thenable is fulfilled with itself", async () => {
    const self: object = { [THEN]: (done: (value: unknown) => void) => done(self) };
    await expect(promiseOf(self)).rejects.toThrow("without end");
  });
});

describe("follow", () => {
  it("calls back once, whatever the thenable does", () => {
    const calls: unknown[] = [];
    const twice = {
      [THEN](done: (value: unknown) => void, fail: (error: unknown) => void): never {
        done(1);
        fail(2);
        done(3);
        throw new Error("4");
      },
    };
    follow(
      twice as never,
      (value) => calls.push(value),
      (error) => calls.push(error),
    );
    expect(calls).toEqual([1]);
  });
});

describe("ignoreOutcome", () => {
  // Vitest fails the run on an unhandled rejection.
  it.each(FAILURES)("leaves nothing behind of a function that %s", async (_how, fail) => {
    let result: unknown;
    try {
      result = fail(() => undefined);
    } catch {
      return;
    }
    ignoreOutcome(result);
    await new Promise((resolve) => setImmediate(resolve));
  });
});
