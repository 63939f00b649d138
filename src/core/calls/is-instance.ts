/**
 * `instanceof` for whatever an app threw or promised: `false` where asking throws, as it does for some Proxies.
 */
export function isInstance<T>(
  value: unknown,
  type: abstract new (...args: never[]) => T,
): value is T {
  try {
    return value instanceof type;
  } catch {
    return false;
  }
}
