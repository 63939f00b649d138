import { isPromise } from "node:util/types";
import { isThenable } from "./user-function.js";

/** A promise for a promise is common, more than a few are a mistake: one that is fulfilled with itself never ends. */
const MAX_NESTED = 10;

/**
 * Calls back, once, with what a thenable of the app gives in the end: a value that is no thenable, or an error. It is
 * not left to `await`, for which a `then` that is an async function and throws is a rejection that nobody handles, which
 * ends the process, and a thenable that is fulfilled with itself a loop in which no timer ever runs.
 *
 * It does not wait for a bounded time: {@link settleInTime} does. The functions must not throw.
 */
export function follow(
  thenable: PromiseLike<unknown>,
  onValue: (value: unknown) => void,
  onError: (error: unknown) => void,
  nested = 0,
): void {
  let isOpen = true;
  function fail(error: unknown): void {
    if (!isOpen) return;
    isOpen = false;
    onError(error);
  }
  function fulfil(value: unknown): void {
    if (!isOpen) return;
    isOpen = false;
    try {
      if (!isThenable(value)) onValue(value);
      else if (nested < MAX_NESTED) follow(value, onValue, onError, nested + 1);
      else onError(new TypeError("a promise that is fulfilled with promises without end"));
    } catch (error) {
      // Reading `then` failed.
      onError(error);
    }
  }
  try {
    // A promise of ours is fulfilled with what the functions return: nothing.
    const rest: unknown = thenable.then(fulfil, fail);
    if (isPromise(rest)) Promise.prototype.then.call(rest, undefined, ignore);
  } catch (error) {
    fail(error);
  }
}

/** A promise for what a function of the app returned, a thenable or not. It rejects with what that rejects with. */
export function promiseOf(answer: unknown): Promise<unknown> {
  return new Promise((resolve, reject) => {
    if (isThenable(answer)) follow(answer, resolve, reject);
    else resolve(answer);
  });
}

/** Takes care of what a function returned whose result is of no interest: a rejection ends no process. */
export function ignoreOutcome(result: unknown): void {
  try {
    if (isThenable(result)) follow(result, ignore, ignore);
  } catch {
    // Its `then` cannot even be read.
  }
}

/**
 * Calls a function of the app that only observes: whatever comes of it changes nothing here. What it throws, or rejects
 * with, is its own fault.
 *
 * @param onFail - Is called, once, when it fails. Must not throw.
 */
export function callObserver(call: () => unknown, onFail: () => void = ignore): void {
  try {
    const result = call();
    if (isThenable(result)) follow(result, ignore, onFail);
  } catch {
    onFail();
  }
}

function ignore(): void {}
