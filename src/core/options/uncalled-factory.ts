import { IncomingMessage } from "node:http";
import { OptionsError } from "./options-error.js";
import { describeValue } from "./value.js";

/**
 * Tells who mounted a factory in place of what it returns, as in `app.use(jsonBody)`: Express then calls it with the
 * request. Without this the request would end in a confusing error, or pass a factory whose arguments are all optional.
 *
 * @param first - The first argument that the factory got.
 * @param call - How it is called, for the message: `rateLimit({ limit: 100, window: "1m" })`.
 * @throws {@link OptionsError} when the argument is a request.
 */
export function assertCalled(factory: string, first: unknown, call = `${factory}(…)`): void {
  if (isRequest(first)) {
    throw new OptionsError([
      `${factory} must be called before it is mounted: write app.use(${call})`,
    ]);
  }
}

/**
 * {@link assertCalled} for functions that make no middleware but something that is handed to one. Without this the
 * request would hang: nobody answers it.
 *
 * @param mounted - What is mounted in its place: `authorize(role("admin"))`.
 * @throws {@link OptionsError} when the argument is a request.
 */
export function assertNotMounted(name: string, first: unknown, mounted: string): void {
  if (isRequest(first)) {
    throw new OptionsError([
      `${name} must be called, and what it makes is no middleware: write app.use(${mounted})`,
    ]);
  }
}

/**
 * {@link assertCalled} for functions that make no middleware, nor anything that is handed to one.
 *
 * @param instead - How it is called: `https.createServer({ ...tlsOptions(), key, cert }, app)`.
 * @throws {@link OptionsError} when the argument is a request.
 */
export function assertNoMiddleware(name: string, first: unknown, instead: string): void {
  if (isRequest(first)) throw new OptionsError([`${name} is no middleware: write ${instead}`]);
}

/**
 * Tells who gave options to a function that has none, and would go on in the belief that they count.
 *
 * @throws {@link OptionsError} when there is an argument that is not `undefined`.
 */
export function assertNoArguments(name: string, args: readonly unknown[]): void {
  const given = args.find((argument) => argument !== undefined);
  if (given !== undefined) {
    throw new OptionsError([
      `${name} must be called without options, it has none, got ${describeValue(given)}: write ${name}()`,
    ]);
  }
}

function isRequest(value: unknown): boolean {
  return value instanceof IncomingMessage;
}
