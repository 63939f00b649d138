import { createCall } from "../../core/calls/create-call.js";
import type { RateLimitStore } from "./rate-limit-store.js";

const call = createCall<void, RateLimitStore>((store) => store.close?.(), {
  option: "rateLimit.store.close",
  parse: () => undefined,
});

/**
 * Closes the store, if it can be closed. One that takes longer than five seconds is left alone: what the app closes after
 * it, the audit log above all, must not wait for ever.
 *
 * @throws FunctionFailure (the rejection of the promise) when the store fails or takes too long.
 */
export async function closeStore(store: RateLimitStore | undefined): Promise<void> {
  if (store !== undefined) await call(store);
}
