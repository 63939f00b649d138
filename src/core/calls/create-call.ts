import { follow } from "./follow.js";
import { FunctionFailure, failedWith } from "./function-failure.js";
import { isThenable } from "./user-function.js";

/** How the answer of a function of the app is read. */
export interface CallSettings<T> {
  /** The option, as users write it: `rateLimit.skip`. */
  readonly option: string;
  /**
   * Checks what the function returned, or what its promise was fulfilled with. What it returns must have no `then`.
   *
   * @throws TypeError when it is the wrong type.
   */
  readonly parse: (value: unknown) => T;
}

/** How long a promise of a function of the app may take, from the call on. */
export const CALL_DEADLINE_MS = 5000;

/**
 * Makes the one way in which a function of the app is called that decides about requests.
 *
 * What the function returns is handed back at once, without a promise; what it promises, as a promise that always
 * settles, at the latest after {@link CALL_DEADLINE_MS}. Nobody has to handle its rejection.
 *
 * @throws {@link FunctionFailure} (the call, or the rejection of the promise) when the function threw, was rejected, took
 * too long or returned the wrong type. Nothing else is ever thrown.
 */
export function createCall<T, First = void, Second = void>(
  decide: (first: First, second: Second) => unknown,
  settings: CallSettings<T>,
): (first: First, second: Second) => T | Promise<T> {
  const { option, parse } = settings;
  return function call(first, second) {
    let answer: unknown;
    let promised: boolean;
    try {
      answer = decide(first, second);
      // Reading `then` may throw as well.
      promised = isThenable(answer);
    } catch (error) {
      throw failedWith(option, error);
    }
    return promised
      ? settleInTime(answer as PromiseLike<unknown>, settings)
      : parsed(answer, option, parse);
  };
}

/** A promise for what a thenable gives, with a deadline. Whatever the thenable does, it settles once. */
export function settleInTime<T>(
  answer: PromiseLike<unknown>,
  { option, parse }: CallSettings<T>,
): Promise<T> {
  const settled = new Promise<T>((resolve, reject) => {
    const deadline = setTimeout(() => {
      reject(new FunctionFailure(option, "function_timeout"));
    }, CALL_DEADLINE_MS).unref();
    follow(
      answer,
      (value) => {
        clearTimeout(deadline);
        try {
          resolve(parsed(value, option, parse));
        } catch (error) {
          reject(error);
        }
      },
      (error) => {
        clearTimeout(deadline);
        reject(failedWith(option, error));
      },
    );
  });
  // Something else may end the request before anybody waits for it.
  settled.then(undefined, ignore);
  return settled;
}

function parsed<T>(value: unknown, option: string, parse: (value: unknown) => T): T {
  try {
    return parse(value);
  } catch (error) {
    throw new FunctionFailure(option, "wrong_return", error);
  }
}

function ignore(): void {}
