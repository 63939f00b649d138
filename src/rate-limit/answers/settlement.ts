import type { Request, Response } from "express";
import { sentStatus } from "../../core/app/sent-status.js";
import { isSent } from "../../core/request/is-sent.js";
import type { CountFunction } from "../policies/policy.js";

/** Which requests keep their charge: those that failed, or those of which a function says so. */
export type Counted = "failures" | CountFunction;

/**
 * Decides, when the answer was sent, whether the charge of a request stays. It does in doubt: when the client left before
 * the answer, or the function failed.
 *
 * @param giveBack - Called once, or never.
 * @param tell - Tells the developer of a function that failed.
 */
export function settleAfterAnswer(
  counted: Counted,
  req: Request,
  res: Response,
  giveBack: () => void,
  tell: (error: unknown) => void,
): void {
  // In report mode a store may have answered after the app.
  if (res.writableEnded && res.writableFinished) settle();
  else res.once("finish", settle);

  function settle(): void {
    if (!isSent(res)) return;
    if (counted === "failures") {
      // Not `res.statusCode`: a handler that goes on behind its answer may change that.
      if (succeeded(sentStatus(res))) giveBack();
      return;
    }
    try {
      const counts = counted(req, res);
      if (typeof counts !== "object") conclude(counts);
      else counts.then(conclude, tell);
    } catch (error) {
      tell(error);
    }
  }

  function conclude(counts: boolean): void {
    if (!counts) giveBack();
  }
}

/** A redirect is none: logins that fail redirect, too. */
function succeeded(status: number | undefined): boolean {
  if (status === undefined) return false;
  return (status >= 200 && status < 300) || status === 304;
}
