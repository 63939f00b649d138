import { FunctionFailure } from "../../core/calls/function-failure.js";
import { isInstance } from "../../core/calls/is-instance.js";
import { isThenable } from "../../core/calls/user-function.js";

/** Answers that are waited for at the same time. */
const MAX_WAITING = 1000;

/** Asks functions of the app that only observe, made by `createCall`: what they do breaks nothing. */
export class AppAnswers {
  readonly #warned = new Set<string>();
  #waiting = 0;

  /** Asks, and goes on with the answer; with `otherwise` where there is none, or too many are waited for. */
  ask<T>(ask: () => T | Promise<T>, then: (value: T) => void, otherwise = noop): void {
    let answer: T | Promise<T>;
    try {
      answer = ask();
    } catch (error) {
      this.#warn(error);
      otherwise();
      return;
    }
    if (!isThenable(answer)) {
      then(answer as T);
      return;
    }
    if (this.#waiting >= MAX_WAITING) {
      otherwise();
      return;
    }
    this.#waiting += 1;
    const settled = (go: () => void): void => {
      this.#waiting -= 1;
      try {
        go();
      } catch {
        // A property of the app that throws.
      }
    };
    answer.then(
      (value) => settled(() => then(value as T)),
      (error: unknown) => {
        this.#warn(error);
        settled(otherwise);
      },
    );
  }

  /** Once for each function: one that fails may fail for every request. */
  #warn(error: unknown): void {
    if (!isInstance(error, FunctionFailure) || this.#warned.has(error.option)) return;
    this.#warned.add(error.option);
    process.emitWarning(`${error.option} has failed: what it was asked about is not counted.`, {
      code: "EXPRESS_SECURE_API_ALERT_FUNCTION",
    });
  }
}

function noop(): void {}
