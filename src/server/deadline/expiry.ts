import type { Request, Response } from "express";
import { releaseSources } from "../../core/answer/end-pipes.js";
import { recordDecision } from "../../core/decision/decision.js";
import { stopHandlers } from "../../core/guard/final-refusal.js";
import type { Guard } from "../../core/guard/guard.js";
import { ignoreLateAnswer } from "../../core/refusal/deny.js";
import { HttpError } from "../../core/refusal/http-error.js";
import { respond } from "../../core/refusal/respond.js";
import { isGone } from "../../core/request/is-gone.js";
import type { Deadline } from "./deadline.js";
import { RequestTime } from "./request-time.js";

/**
 * Makes what happens when a deadline has passed. Without an answer the request is refused; one that has begun and stalls
 * is cut off, so that nobody takes half of it for the whole.
 *
 * The handler goes on all the same: nothing can stop it. What it answers is ignored, no other handler begins, and its
 * errors reach the error handlers of the app, but not the connection, on which the next request may be under way.
 */
export function createExpiry(guard: Guard): (deadline: Deadline) => void {
  const self = Object.freeze({ name: guard.name });

  function refuse(deadline: Deadline, reason: "no_answer" | "answer_stalled"): void {
    const { req, res, next, rule } = deadline;
    // No Retry-After: whoever tries again soon asks for the same work once more, while it is still being done.
    const error = new HttpError("deadline_exceeded");
    if (!guard.enforced) {
      guard.resume(req, res, ignore, () => guard.refuse(error, req, res, ignore, { reason, rule }));
      return;
    }
    guard.resume(req, res, next, () => {
      stopHandlers(self, req);
      guard.refuse(error, req, res, next, { reason, rule });
      if (guard.onDenied === "respond" && !res.headersSent && !res.writableEnded)
        respondPastHooks(error, req, res);
    });
    detach(req, res, guard.name);
    RequestTime.of(req)?.exceed();
  }

  return function expire(deadline) {
    const { req, res } = deadline;
    if (res.writableEnded || isGone(req, res)) return;
    if (!res.headersSent) refuse(deadline, "no_answer");
    else if (deadline.isStalled()) refuse(deadline, "answer_stalled");
  };
}

/**
 * An `end` hook of another package that saves something first, such as a session, holds back what it gets. It may hold the answer
 * of the handler already: both would go out as one, with the length of this one. A `writeHead` hook may promise what an `end` hook
 * then does to the body, such as to compress it.
 */
function respondPastHooks(error: HttpError, req: Request, res: Response): void {
  for (const name of ["end", "write", "writeHead"]) Reflect.deleteProperty(res, name);
  respond(error, req, res);
}

/** Takes the handler that is still at work off the response, once that has its answer. */
function detach(req: Request, res: Response, guard: string): void {
  const act = (): void => {
    keepConnection(req, res);
    ignoreLateAnswer(res, () => {
      recordDecision(req, {
        guard,
        outcome: "allow",
        enforced: true,
        code: "ok",
        reason: "answered_late",
      });
    });
  };
  if (res.headersSent) {
    act();
    return;
  }
  // An error handler, or `onDenied`, answers later. What the handler pipes ends with that, and before the listener there.
  releaseSources(res);
  res.once("finish", act);
}

/**
 * Express destroys `req.socket` when an error comes after the answer, and our `errorHandler` the response. The connection is
 * not this request's any more: behind a proxy, the next one on it is somebody else's.
 */
function keepConnection(req: Request, res: Response): void {
  replace(res, "destroy", () => res);
  // What was waiting to be written when the deadline passed makes an error of the response now, which nobody listens to.
  res.on("error", ignore);
  // On HTTP/2 it stands for the stream of this request alone.
  if (req.httpVersionMajor >= 2 || typeof req.socket !== "object" || req.socket === null) return;
  const socket: object = Object.create(req.socket, {
    destroy: { value: () => socket },
    destroySoon: { value: ignore },
    end: { value: () => socket },
  });
  replace(req, "socket", socket);
  replace(req, "client", socket);
}

function replace(object: object, name: string, value: unknown): void {
  Reflect.defineProperty(object, name, { value, configurable: true, writable: true });
}

function ignore(): void {}
