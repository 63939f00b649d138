import type { Request, Response } from "express";
import { requestSlot } from "../../core/request/request-slot.js";

type SetHeader = Response["setHeader"];

const FIELD = "X-Powered-By";

/** On requests whose response must not name what powers it. */
const unnamed = requestSlot<true>("unnamed");
/** The `app.response` objects that keep the field away already. */
const changed = new WeakSet<object>();

/**
 * Keeps `X-Powered-By: Express` away for the rest of the request. Each app that is mounted in another one sets it again
 * when the request enters it, before any middleware of its own could be asked.
 *
 * `app.response` is the prototype of the responses in an app and in those mounted in it. Its `setHeader` is replaced once
 * for each app, which costs a request less than to watch its response.
 */
export function keepPoweredByAway(req: Request): void {
  unnamed.set(req, true);
  // A router of Express that serves without an app has none.
  const app = req.app as { readonly response?: object } | undefined;
  const response = app?.response;
  if (response === undefined || changed.has(response)) return;
  changed.add(response);
  const own = Object.hasOwn(response, "setHeader")
    ? (response as { readonly setHeader: SetHeader }).setHeader
    : undefined;
  // What stands further up may be replaced later, by instrumentation: it is looked up at each call.
  const inherited = Object.getPrototypeOf(response) as { readonly setHeader: SetHeader };

  function setHeader(this: Response, name: string, value: Parameters<SetHeader>[1]): Response {
    if (name === FIELD && value === "Express" && unnamed.get(this.req) === true) return this;
    return (own ?? inherited.setHeader).call(this, name, value);
  }
  Object.defineProperty(response, "setHeader", {
    value: setHeader,
    configurable: true,
    writable: true,
  });
}
