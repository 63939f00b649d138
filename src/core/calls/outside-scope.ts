import { AsyncResource } from "node:async_hooks";

/**
 * What runs in it belongs to no request, although a request may be what causes it: timers, connections, and calls of the
 * app's functions are in the async context in which the scope was made.
 */
export class OutsideScope extends AsyncResource {
  /** @param name - Starts with `ExpressSecureApi`. */
  constructor(name: `ExpressSecureApi${string}`) {
    // Alive for as long as its owner, and nobody is told when it ends.
    super(name, { requireManualDestroy: true });
  }

  /** It keeps no process alive. `jest --detectOpenHandles` asks, and names those that do not say so as open handles. */
  hasRef(): boolean {
    return false;
  }
}
