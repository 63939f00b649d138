import type { NextFunction, Request, Response } from "express";
import { CALL_DEADLINE_MS } from "../../../core/calls/create-call.js";
import { follow } from "../../../core/calls/follow.js";
import { isThenable } from "../../../core/calls/user-function.js";
import { deny, ignoreLateAnswer } from "../../../core/refusal/deny.js";
import type { HttpError } from "../../../core/refusal/http-error.js";

/** What became of a request over the limit that the app's handler was asked to answer. */
export interface Outcome {
  /** The handler let the request pass, with what it gave to `next`: nothing, `"route"` or `"router"`. */
  readonly pass: (target: unknown) => void;
  /** The handler handed an error on, for the error handlers of the app to answer with. */
  readonly handOn: (error: unknown) => void;
  /** The handler failed, or, if it `isLate`, has done nothing in 5 seconds. */
  readonly fail: (error: unknown, isLate: boolean) => void;
}

/** Lets the app's handler answer. One of the outcomes is called, or none when it answers, now or later. */
export function callHandler(
  handler: (req: Request, res: Response, next: NextFunction) => unknown,
  req: Request,
  res: Response,
  { pass, handOn, fail }: Outcome,
): void {
  let isOver = false;
  const once = (act: () => void): void => {
    if (isOver) return;
    isOver = true;
    act();
  };
  const next: NextFunction = (reason?: unknown) => {
    // Express takes any falsy value for "no error", and "route" and "router" skip handlers.
    if (!reason || reason === "route" || reason === "router") once(() => pass(reason));
    else once(() => handOn(reason));
  };
  const failed = (error: unknown): void => once(() => fail(error, false));
  try {
    const result = handler(req, res, next);
    if (isThenable(result)) follow(result, () => undefined, failed);
    // It may answer in a callback, as `res.render` does.
    if (!isOver && !res.headersSent) failInTime((error) => once(() => fail(error, true)), res);
  } catch (error) {
    // What it has let pass is answered by others, and so is their error.
    if (isOver) throw error;
    failed(error);
  }
}

/**
 * Sends the refusal where the handler has not. What that answers after all, in a callback, is ignored: it would throw where
 * nobody catches it, and end the process.
 */
export function respondInstead(
  error: HttpError,
  req: Request,
  res: Response,
  next: NextFunction,
): void {
  deny(error, req, res, next);
  ignoreLateAnswer(res);
}

/** A handler that answers late, or not at all, must not leave the client waiting. */
function failInTime(fail: (error: unknown) => void, res: Response): void {
  const deadline = setTimeout(() => {
    if (!res.headersSent) fail(new Error("rateLimit.handler did not answer in time"));
  }, CALL_DEADLINE_MS).unref();
  res.once("close", () => clearTimeout(deadline));
}
