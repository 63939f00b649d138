import type { NextFunction, Request, Response } from "express";
import { requestSlot } from "./request-slot.js";

/** Answers a request that is over the limit. */
type EarlyRefusal = (next: NextFunction) => void;

/** A limit on what is answered in front of the limiter that owns it: CORS preflights and refused cross-site requests. */
export interface EarlyLimit {
  /** Whether its refusals take effect. */
  readonly enforced: boolean;
  /** Counts the request, once. @returns What answers it when the limit is spent; in report mode nothing does. */
  count(req: Request, res: Response): EarlyRefusal | undefined;
}

/** Lists, so that no limiter takes the place of another one. */
const offered = requestSlot<readonly EarlyLimit[]>("earlyLimits");

/** Puts a limit in front of whatever answers the request early. `own` is one list for all requests. */
export function offerEarlyLimit(req: Request, own: readonly [EarlyLimit]): void {
  // What no browser sends for a page is not answered early.
  const { origin, "sec-fetch-site": site } = req.headers;
  if (origin === undefined && site === undefined) return;
  const earlier = offered.get(req);
  if (earlier === undefined) offered.set(req, own);
  else if (!earlier.includes(own[0])) offered.set(req, [...earlier, ...own]);
}

/**
 * Asks the limits that stand in front, by the one that is about to answer.
 *
 * @param enforced - Whether it really is: limits that enforce count what is answered, not what would be.
 */
export function earlyRefusal(
  enforced: boolean,
  req: Request,
  res: Response,
): EarlyRefusal | undefined {
  for (const limit of offered.get(req) ?? []) {
    const refusal = enforced || !limit.enforced ? limit.count(req, res) : undefined;
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}
