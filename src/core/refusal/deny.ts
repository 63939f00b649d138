import type { NextFunction, Request, Response } from "express";
import { isThenable } from "../calls/user-function.js";
import { requestSlot } from "../request/request-slot.js";
import { type HttpError, isHttpError } from "./http-error.js";
import { endLingering } from "./lingering-close.js";
import { PROBLEM_MEDIA_TYPE, type Problem, requestId } from "./problem-details.js";

/**
 * How a guard answers a refusal.
 *
 * - `"respond"`: as `application/problem+json` (RFC 9457), at once. An error handler of the app cannot turn a 401 into
 *   a 500 or leak a stack.
 * - `"next"`: hands the {@link HttpError} to the app's error handlers; its headers are already on the response.
 * - a function: answers by itself, or calls `next` to hand the error on. `next()` without an argument means
 *   `next(error)`. If the function fails, the refusal is sent as with `"respond"`.
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
    // Half an answer is on its way: cutting it off is the only way left to refuse.
    res.destroy();
    return;
  }
  if (onDenied === "respond") {
    respond(error, req, res);
    return;
  }
  setErrorHeaders(error, res);
  if (onDenied === "next") next(error);
  else callOnDenied(onDenied, error, req, res, next);
}

/** Sends the refusal as a problem document. */
export function respond(error: HttpError, req: Request, res: Response): void {
  setErrorHeaders(error, res);
  sendProblem(error.toProblem(), req, res);
}

/** Ends the response with a problem document: not stored by caches, no body on HEAD. */
function sendProblem(problem: Problem, req: Request, res: Response): void {
  const id = requestId.get(req);
  const body = JSON.stringify(id === undefined ? problem : { ...problem, requestId: id });
  res.statusCode = problem.status;
  res.setHeader("Content-Type", PROBLEM_MEDIA_TYPE);
  res.setHeader("Content-Length", Buffer.byteLength(body));
  res.setHeader("Cache-Control", "no-store");
  for (const name of ["ETag", "Last-Modified", "Content-Encoding", "Content-Range"])
    res.removeHeader(name);
  if (req.method === "HEAD") {
    res.end();
  } else if (hasUnreadBody(req)) {
    // The rest of the body would have to be read before the next request: closing is cheaper and safer.
    res.setHeader("Connection", "close");
    endLingering(body, req, res);
  } else {
    res.end(body);
  }
}

/** Puts the headers of a branded error on the response; fields of other errors are not trusted. */
function setErrorHeaders(error: unknown, res: Response): void {
  if (!isHttpError(error)) return;
  for (const [name, value] of Object.entries(error.headers)) {
    res.setHeader(name, typeof value === "string" ? value : [...value]);
  }
}

function callOnDenied(
  onDenied: Exclude<OnDenied, string>,
  error: HttpError,
  req: Request,
  res: Response,
  next: NextFunction,
): void {
  let handedOn = false;
  const handOn: NextFunction = (reason?: unknown) => {
    if (handedOn) return;
    handedOn = true;
    // Express takes any falsy value for "no error", and "route" and "router" skip handlers: all would open the route.
    next(!reason || reason === "route" || reason === "router" ? error : reason);
  };
  const rescue = (): void => {
    if (handedOn || res.writableEnded) return;
    if (res.headersSent) res.destroy();
    else respond(error, req, res);
  };
  try {
    const result: unknown = onDenied(error, req, res, handOn);
    if (isThenable(result)) result.then(undefined, rescue);
  } catch {
    rescue();
  }
}

function hasUnreadBody(req: Request): boolean {
  if (req.complete || req.readableEnded) return false;
  return (
    req.headers["transfer-encoding"] !== undefined || Number(req.headers["content-length"] ?? 0) > 0
  );
}
