import { IncomingMessage } from "node:http";
import { OptionsError } from "./options-error.js";

/**
 * Tells who mounted a factory in place of what it returns, as in `app.use(jsonBody)`: Express then calls it with the
 * request. Without this the request would end in a confusing error, or pass a factory whose arguments are all optional.
 *
 * @param first - The first argument that the factory got.
 * @param call - How it is called, for the message: `rateLimit({ limit: 100, window: "1m" })`.
 * @throws {@link OptionsError} when the argument is a request.
 */
export function assertCalled(factory: string, first: unknown, call = `${factory}(…)`): void {
  if (first instanceof IncomingMessage) {
    throw new OptionsError([
      `${factory} must be called before it is mounted: write app.use(${call})`,
    ]);
  }
}
