import { createCall } from "../../core/calls/create-call.js";
import { FunctionFailure } from "../../core/calls/function-failure.js";
import { isInstance } from "../../core/calls/is-instance.js";
import type { RateLimitStore } from "./rate-limit-store.js";

const call = createCall<void, RateLimitStore>((store) => store.close?.(), {
  option: "rateLimit.store.close",
  parse: () => undefined,
});

/**
 * Closes the store, if it can be closed. One that takes longer than five seconds is left alone: what the app closes after
 * it, the audit log above all, must not wait for ever.
 *
 * @throws (as the rejection of the promise) what the store rejects with, or FunctionFailure when it takes too long.
 */
export async function closeStore(store: RateLimitStore | undefined): Promise<void> {
  if (store === undefined) return;
  try {
    await call(store);
  } catch (error) {
    throw isInstance(error, FunctionFailure) && error.reason === "function_failed"
      ? error.cause
      : error;
  }
}
