import type { Channel } from "node:diagnostics_channel";
import { isThenable } from "../options/user-function.js";

/**
 * Publishes on a diagnostics channel so that a subscriber that throws or rejects breaks nothing.
 *
 * Node ends the process when a subscriber throws (an uncaughtException on the next tick). A broken monitor must not do
 * that, so subscribers are called one by one; should the list move, Node's own way is the fallback.
 */
export function publishSafely(channel: Channel, message: object): void {
  const { _subscribers: subscribers } = channel as unknown as { _subscribers?: unknown };
  if (!Array.isArray(subscribers)) {
    channel.publish(message);
    return;
  }
  // A copy, because a subscriber may leave while it is called.
  for (const subscriber of [...subscribers]) {
    try {
      const result: unknown = subscriber(message, channel.name);
      if (isThenable(result)) result.then(undefined, () => undefined);
    } catch {
      // The subscriber's own fault: nothing to tell anybody who could mend it.
    }
  }
}
