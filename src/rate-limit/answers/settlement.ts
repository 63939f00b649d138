import type { Request, Response } from "express";
import { sentStatus } from "../../core/answer/sent-status.js";
import { isSent } from "../../core/request/is-sent.js";
import { whenOver } from "../../core/request/request-end.js";
import type { CostAfter, CountFunction } from "../policies/policy.js";

/** Which requests keep their charge: those that failed, or those of which a function says so. */
export type Counted = "failures" | "successes" | CountFunction;

/**
 * Decides, when the answer was sent, whether the charge of a request stays. It does in doubt: when the client left before
 * the answer, or the function failed.
 *
 * @param conclude - Called once, with whether it stays.
 * @param tell - Tells the developer of a function that failed.
 */
export function settleAfterAnswer(
  counted: Counted,
  req: Request,
  res: Response,
  conclude: (stays: boolean) => void,
  tell: (error: unknown) => void,
): void {
  let isSettled = false;
  // In report mode a store may have answered after the app.
  if (res.writableEnded && res.writableFinished) settle();
  else {
    res.once("finish", settle);
    whenOver(req, res, leave);
  }

  function settle(): void {
    // What is ended after the client has left finishes as well, on HTTP/1 if its head was sent before.
    if (isSettled) return;
    isSettled = true;
    if (!isSent(res)) {
      conclude(true);
      return;
    }
    if (typeof counted === "string") {
      // Not `res.statusCode`: a handler that goes on behind its answer may change that.
      conclude(succeeded(sentStatus(res)) === (counted === "successes"));
      return;
    }
    try {
      const counts = counted(req, res);
      if (typeof counts !== "object") conclude(counts);
      else counts.then(conclude, fail);
    } catch (error) {
      fail(error);
    }
  }

  /** Every answer closes; one that was cut off never finishes. */
  function leave(): void {
    if (isSettled) return;
    isSettled = true;
    conclude(true);
  }

  function fail(error: unknown): void {
    conclude(true);
    tell(error);
  }
}

/**
 * Asks what a request has cost when it is over, whether its answer was sent or not.
 *
 * @param conclude - Called once, with the units, or without when the function fails.
 * @param tell - Tells the developer of that.
 */
export function measureAfterAnswer(
  costAfter: CostAfter,
  req: Request,
  res: Response,
  conclude: (units?: number) => void,
  tell: (error: unknown) => void,
): void {
  const measure = (): void => {
    try {
      const units = costAfter(req, res);
      if (typeof units === "number") conclude(units);
      else units.then(conclude, fail);
    } catch (error) {
      fail(error);
    }
  };
  const fail = (error: unknown): void => {
    conclude();
    tell(error);
  };
  whenOver(req, res, measure);
}

/** A redirect is none: logins that fail redirect, too. */
function succeeded(status: number | undefined): boolean {
  if (status === undefined) return false;
  return (status >= 200 && status < 300) || status === 304;
}
