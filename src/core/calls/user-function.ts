import { isPromise } from "node:util/types";

/**
 * Whether the value is a promise or anything else with a `then`. Not by `instanceof`: legacy apps replace the global
 * `Promise`, and the promises of async functions are no instances of their replacement.
 */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    (typeof value === "object" || typeof value === "function") &&
    value !== null &&
    typeof (value as { then?: unknown }).then === "function"
  );
}

/**
 * The error for a function of the app that returned the wrong type. A promise is named, where one is no answer; its
 * rejection is swallowed, since nobody else will look at it.
 *
 * @param what - The option, as users write it: `rateLimit.skip`.
 * @param must - What it must return: `true or false`.
 */
export function wrongReturn(what: string, must: string, value: unknown): TypeError {
  if (isPromise(value)) value.then(undefined, () => undefined);
  const got = isPromise(value) ? "a promise" : value === null ? "null" : typeof value;
  return new TypeError(`${what} must return ${must}, got ${got}`);
}
