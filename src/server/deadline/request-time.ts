import type { NextFunction, Request, Response } from "express";
import { type AnswerWatcher, watchAnswer } from "../../core/answer/watch-answer.js";
import { isGone } from "../../core/request/is-gone.js";
import { isSent } from "../../core/request/is-sent.js";
import { whenOver } from "../../core/request/request-end.js";
import { requestSlot } from "../../core/request/request-slot.js";
import { Deadline, type DeadlineSettings, type Timeout } from "./deadline.js";

const times = requestSlot<RequestTime>("requestTime");

const WATCHER: AnswerWatcher = {
  onHead(req, _res, _status, fields) {
    times.get(req)?.noteWrite();
    return fields;
  },
  onBody(req) {
    times.get(req)?.noteWrite();
  },
};

/** The time that a request has: one deadline that is enforced at most, one that is reported, and one signal. */
export class RequestTime {
  readonly #req: Request;
  readonly #res: Response;
  #enforced: Deadline | undefined;
  #reported: Deadline | undefined;
  #isExceeded = false;
  #controller: AbortController | undefined;

  private constructor(req: Request, res: Response) {
    this.#req = req;
    this.#res = res;
  }

  /** That of a request for which a `requestDeadline` ran. */
  static of(req: object): RequestTime | undefined {
    return times.get(req);
  }

  /** Sets a deadline. It takes the place of the one that an outer `requestDeadline` has set. */
  static begin(
    settings: DeadlineSettings,
    timeout: Timeout,
    req: Request,
    res: Response,
    next: NextFunction,
  ): void {
    let time = times.get(req);
    if (time === undefined) {
      time = new RequestTime(req, res);
      times.set(req, time);
      res.on("close", stopAtClose);
    }
    if (settings.idle !== undefined) watchAnswer(req, res, WATCHER);
    time.set(new Deadline(settings, timeout, req, res, next));
  }

  /** Aborted when the deadline has passed, or the client has left before the answer was sent. */
  get signal(): AbortSignal {
    if (this.#controller !== undefined) return this.#controller.signal;
    const controller = new AbortController();
    this.#controller = controller;
    if (this.#isExceeded) controller.abort(timeoutError());
    else {
      const [req, res] = [this.#req, this.#res];
      whenOver(req, res, () => {
        if (!isSent(res)) controller.abort();
      });
    }
    return controller.signal;
  }

  /** @returns Whether there was still time, and no answer has begun. */
  extend(timeout: Timeout): boolean {
    if (this.#isExceeded || this.#res.headersSent || isGone(this.#req, this.#res)) return false;
    this.#enforced?.extend(timeout);
    this.#reported?.extend(timeout);
    return true;
  }

  /** The time is over for good. */
  exceed(): void {
    this.#isExceeded = true;
    this.stop();
    this.#controller?.abort(timeoutError());
  }

  noteWrite(): void {
    this.#enforced?.noteWrite();
    this.#reported?.noteWrite();
  }

  stop(): void {
    this.#enforced?.stop();
    this.#reported?.stop();
  }

  /** Not private: the time may be of another copy of this library. */
  set(deadline: Deadline): void {
    if (deadline.settings.enforced) {
      this.#enforced?.stop();
      this.#enforced = deadline;
    } else {
      this.#reported?.stop();
      this.#reported = deadline;
    }
  }
}

/** One listener for all responses: Node calls it with the response as `this`. */
function stopAtClose(this: Response): void {
  times.get(this.req)?.stop();
}

/** As `AbortSignal.timeout()` has it. */
function timeoutError(): DOMException {
  return new DOMException("The deadline of the request has passed.", "TimeoutError");
}
