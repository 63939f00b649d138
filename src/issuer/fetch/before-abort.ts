import { follow } from "../../core/calls/follow.js";

/**
 * The result of the work, unless the signal aborts before: then rejects with the signal's reason,
 * whether or not the work heeds the signal.
 */
export function beforeAbort<T>(work: PromiseLike<T>, signal: AbortSignal): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason);
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort, { once: true });
    const settle = (): void => signal.removeEventListener("abort", onAbort);
    follow(
      work,
      (value) => {
        settle();
        resolve(value as T);
      },
      (error) => {
        settle();
        reject(error);
      },
    );
  });
}
