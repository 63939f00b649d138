import { afterEach, describe, expect, it, vi } from "vitest";
import { CALL_DEADLINE_MS, createCall } from "./create-call.js";
import { FunctionFailure } from "./function-failure.js";

const parse = (value: unknown): string => {
  if (typeof value === "string") return value;
  throw new TypeError("must be a string");
};

function callOf(decide: (given: string) => unknown): (given: string) => string | Promise<string> {
  return createCall<string, string>(decide, { option: "factory.option", parse });
}

async function failureOf(decide: () => unknown): Promise<FunctionFailure> {
  try {
    await callOf(decide)("x");
  } catch (error) {
    if (error instanceof FunctionFailure) return error;
  }
  throw new Error("no failure");
}

describe("a call of a function of the app", () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  it("gives at once what the function returns, without a promise or a timer", () => {
    const timer = vi.spyOn(globalThis, "setTimeout");
    expect(callOf((given) => `${given}!`)("a")).toBe("a!");
    expect(timer).not.toHaveBeenCalled();
    timer.mockRestore();
  });

  it("gives a promise for what the function promises, and leaves no timer behind", async () => {
    vi.useFakeTimers();
    const answer = callOf(async (given) => `${given}!`)("a");
    expect(answer).toBeInstanceOf(Promise);
    expect(await answer).toBe("a!");
    expect(vi.getTimerCount()).toBe(0);
  });

  it.each<[string, () => unknown, string, unknown]>([
    ["throws", () => thrown("boom"), "function_failed", "boom"],
    ["throws undefined", () => thrown(undefined), "function_failed", undefined],
    ["rejects", () => Promise.reject("boom"), "function_failed", "boom"],
    ["returns the wrong type", () => 7, "wrong_return", new TypeError("must be a string")],
    ["promises the wrong type", async () => 7, "wrong_return", new TypeError("must be a string")],
  ])("fails when the function %s", async (_how, decide, reason, cause) => {
    const failure = await failureOf(decide);
    expect(failure).toMatchObject({ reason, option: "factory.option" });
    expect(failure.cause).toEqual(cause);
  });

  it("fails five seconds after the call when the promise does not settle, and takes no later answer", async () => {
    vi.useFakeTimers();
    let resolve: (value: string) => void = () => undefined;
    const failure = failureOf(
      () =>
        new Promise((settle) => {
          resolve = settle;
        }),
    );
    await vi.advanceTimersByTimeAsync(CALL_DEADLINE_MS - 1);
    const early = await Promise.race([failure, Promise.resolve("still waiting")]);
    expect(early).toBe("still waiting");
    await vi.advanceTimersByTimeAsync(1);
    expect(await failure).toMatchObject({ reason: "function_timeout" });
    resolve("late");
  });

  it("takes the first answer of a thenable that calls back twice and throws", async () => {
    const answer = callOf(() => ({
      then(resolve: (value: string) => void, reject: (error: unknown) => void): never {
        resolve("first");
        reject(new Error("second"));
        throw new Error("third");
      },
    }))("x");
    expect(await answer).toBe("first");
  });

  it.each<[string, (thrown: object) => unknown]>([
    ["thrown", thrown],
    ["rejected with", (value) => Promise.reject(value)],
  ])("fails when what was %s cannot even be looked at", async (_how, fail) => {
    const again = (): never => {
      throw unreadable;
    };
    const unreadable: object = new Proxy({}, { getPrototypeOf: again, get: again });
    const failure = await failureOf(() => fail(unreadable));
    expect(failure.reason).toBe("function_failed");
    expect(failure.cause).toBe(unreadable);
  });

  it("needs nobody to handle its rejection", async () => {
    // Vitest fails the run on an unhandled rejection.
    void callOf(() => Promise.reject(new Error("x")))("x");
    await new Promise((resolve) => setImmediate(resolve));
  });
});

function thrown(value: unknown): never {
  throw value;
}
