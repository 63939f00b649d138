import { IncomingMessage } from "node:http";
import { OptionsError } from "../../core/options/options-error.js";
import { describeValue } from "../../core/options/value.js";

/** @throws OptionsError when Express calls the function with a request: it was mounted. */
export function refuseRequest(name: string, app: unknown): void {
  if (app instanceof IncomingMessage) {
    throw new OptionsError([`${name} is no middleware: call it with the app`]);
  }
}

/** @throws TypeError when the value is neither an Express app nor a router. */
export function assertApp(app: unknown): void {
  if (typeof app === "function" && ("handle" in app || "stack" in app)) return;
  throw new TypeError(`expected an Express app or router, got ${describeValue(app)}`);
}
