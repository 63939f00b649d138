import type { Request, Response } from "express";
import { sentStatus } from "../../../core/answer/sent-status.js";

/** Which hits are taken back once the answer is known. */
export interface Settlement {
  readonly skipsFailed: boolean;
  readonly skipsSuccessful: boolean;
  /** Whether a request was successful; `undefined` for the usual: a status below 400. @throws FunctionFailure */
  readonly wasSuccessful: ((req: Request, res: Response) => boolean | Promise<boolean>) | undefined;
}

/**
 * Calls `takeBack` when the answer shows that the request does not count. At most once: a client that breaks off after
 * the answer changes nothing. In doubt the hit stays.
 *
 * @param tell - Tells the developer of a function that failed.
 */
export function settleAfterAnswer(
  settlement: Settlement,
  req: Request,
  res: Response,
  takeBack: () => void,
  tell: (error: unknown) => void,
): void {
  const { skipsFailed, skipsSuccessful, wasSuccessful } = settlement;
  let isOver = false;
  // In report mode a store may have answered after the app.
  if (res.writableFinished) finish();
  else {
    res.once("finish", finish);
    if (skipsFailed) {
      res.once("close", () => {
        if (!res.writableEnded) breakOff();
      });
      res.once("error", breakOff);
    }
  }

  function finish(): void {
    if (isOver) return;
    isOver = true;
    if (wasSuccessful === undefined) {
      // Not `res.statusCode`: a handler that goes on behind its answer may change that.
      conclude((sentStatus(res) ?? res.statusCode) < 400);
      return;
    }
    try {
      const answer = wasSuccessful(req, res);
      if (typeof answer === "object") answer.then(conclude, tell);
      else conclude(answer);
    } catch (error) {
      tell(error);
    }
  }

  function conclude(success: boolean): void {
    if (success ? skipsSuccessful : skipsFailed) takeBack();
  }

  function breakOff(): void {
    if (isOver) return;
    isOver = true;
    takeBack();
  }
}
