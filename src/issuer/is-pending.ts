/**
 * Whether the result is still to come. Not by `instanceof`: legacy apps replace the global
 * `Promise`, and the promises of async functions are no instances of their replacement.
 */
export function isPending<T>(result: T | Promise<T>): result is Promise<T> {
  return (
    typeof result === "object" &&
    result !== null &&
    typeof (result as { then?: unknown }).then === "function"
  );
}
