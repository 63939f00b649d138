import type { NextFunction, Request, Response } from "express";
import { endPipes } from "../answer/end-pipes.js";
import { CALL_DEADLINE_MS } from "../calls/create-call.js";
import { follow } from "../calls/follow.js";
import { isThenable } from "../calls/user-function.js";
import { cutOff } from "../request/cut-off.js";
import { payHeaders } from "../request/owed-headers.js";
import { requestSlot } from "../request/request-slot.js";
import type { HttpError } from "./http-error.js";
import { respond, setErrorHeaders } from "./respond.js";

/**
 * How a guard answers a refusal.
 *
 * - `"respond"`: as `application/problem+json` (RFC 9457), at once. An error handler of the app cannot turn a 401 into
 *   a 500 or leak a stack.
 * - `"next"`: hands the {@link HttpError} to the app's error handlers; its headers are already on the response.
 * - a function: answers by itself, at once or later, or calls `next` to hand the error on. `next()` without an argument
 *   means `next(error)`. If the function fails, or has neither begun an answer nor called `next` within 5 seconds, the
 *   refusal is sent as with `"respond"`, and what the function answers after that is ignored.
 *
 * Whoever answers, no ordinary handler does: where an error handler calls `next()`, the refusal is sent.
 */
export type OnDenied =
  | "respond"
  | "next"
  | ((error: HttpError, req: Request, res: Response, next: NextFunction) => void | Promise<void>);

const kept = requestSlot<HttpError>("refusal");

/** The first enforced refusal of the request, if there was one: it stays, so that nothing opens the route after it. */
export function refusalOf(req: Request): HttpError | undefined {
  return kept.get(req);
}

/** Keeps the refusal with the request, unless it has one already. */
function keepRefusal(req: Request, refusal: HttpError): void {
  if (kept.get(req) === undefined) kept.set(req, refusal);
}

/** The one way a request is refused. The refusal stays with the request: later guards refuse it again. */
export function deny(
  error: HttpError,
  req: Request,
  res: Response,
  next: NextFunction,
  onDenied: OnDenied = "respond",
): void {
  keepRefusal(req, error);
  if (res.headersSent) {
    // Half an answer is on its way: cutting it off is the only way left to refuse. A whole one is not ours.
    if (!res.writableEnded) cutOff(req, res);
    return;
  }
  payHeaders(req, res);
  if (onDenied === "respond") {
    respond(error, req, res);
    return;
  }
  setErrorHeaders(error, req, res);
  if (onDenied === "next") next(error);
  else callOnDenied(onDenied, error, req, res, next);
}

function callOnDenied(
  onDenied: Exclude<OnDenied, string>,
  error: HttpError,
  req: Request,
  res: Response,
  next: NextFunction,
): void {
  let isOver = false;
  const handOn: NextFunction = (reason?: unknown) => {
    if (isOver) return;
    isOver = true;
    // Express takes any falsy value for "no error", and "route" and "router" skip handlers: all would open the route.
    next(!reason || reason === "route" || reason === "router" ? error : reason);
  };
  const rescue = (): void => {
    if (isOver || res.writableEnded) return;
    isOver = true;
    try {
      if (res.headersSent) cutOff(req, res);
      else {
        respond(error, req, res);
        ignoreLateAnswer(res);
      }
    } catch {
      cutOff(req, res);
    }
  };
  try {
    const result: unknown = onDenied(error, req, res, handOn);
    if (isThenable(result)) follow(result, () => undefined, rescue);
    // A function that returns nothing may answer in a callback, as `res.render` does.
    if (!isOver && !res.headersSent) rescueInTime(rescue, res);
  } catch {
    rescue();
  }
}

/** A function that answers late, or not at all, must not leave the client waiting. */
function rescueInTime(rescue: () => void, res: Response): void {
  const deadline = setTimeout(() => {
    if (!res.headersSent) rescue();
  }, CALL_DEADLINE_MS).unref();
  res.once("close", () => clearTimeout(deadline));
}

/**
 * What the function answers after all, in a callback, would throw where nobody catches it and end the process, or be
 * written behind the refusal. Streams that are piped into it are destroyed.
 *
 * @param notice - Called once, when there is such an answer.
 */
export function ignoreLateAnswer(res: Response, notice: () => void = () => undefined): void {
  const end = res.end as () => Response;
  let noticed = false;
  endPipes(res);
  function ignoring<T>(result: T): (...given: readonly unknown[]) => T {
    return (...given) => {
      if (!noticed) {
        noticed = true;
        notice();
      }
      callBack(given);
      return result;
    };
  }
  const ignoreEnd = ignoring(res);
  const ignored = {
    setHeader: ignoring(res),
    setHeaders: ignoring(res),
    appendHeader: ignoring(res),
    removeHeader: () => undefined,
    writeHead: ignoring(res),
    addTrailers: () => undefined,
    // "Wait until it has drained": who writes as long as it may would never stop.
    write: ignoring(false),
    // The first time without an argument it ends the refusal: see endLingering().
    end: (...args: readonly unknown[]) =>
      args.length === 0 && !res.writableEnded ? end.call(res) : ignoreEnd(...args),
  };
  for (const [name, value] of Object.entries(ignored)) {
    Reflect.defineProperty(res, name, { value, configurable: true, writable: true });
  }
}

/** Whoever waits until something is written would wait forever. As Node does it, not within the call. */
function callBack(given: readonly unknown[]): void {
  const last = given.at(-1);
  if (typeof last === "function") process.nextTick(last, new Error("The request was refused."));
}
