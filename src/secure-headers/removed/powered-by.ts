import type { Request, Response } from "express";
import { replaceMethod } from "../../core/answer/replace-method.js";
import { requestSlot } from "../../core/request/request-slot.js";

type SetHeader = Response["setHeader"];

const FIELD = "X-Powered-By";

/** On requests whose response must not name what powers it. */
const unnamed = requestSlot<true>("unnamed");
const refuseField = replaceMethod(
  "setHeader",
  (original) =>
    function setHeader(this: Response, name: string, value: Parameters<SetHeader>[1]): Response {
      if (name === FIELD && value === "Express" && unnamed.get(this.req) === true) return this;
      return original().call(this, name, value);
    },
);

/**
 * Keeps `X-Powered-By: Express` away for the rest of the request. Each app that is mounted in another one sets it again
 * when the request enters it, before any middleware of its own could be asked.
 */
export function keepPoweredByAway(req: Request): void {
  unnamed.set(req, true);
  // A router of Express that serves without an app has none.
  const { app } = req as { readonly app?: { readonly response?: object } };
  if (app?.response !== undefined) refuseField(app.response);
}
