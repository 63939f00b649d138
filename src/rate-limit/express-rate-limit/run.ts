import type { NextFunction, Request, Response } from "express";
import { isThenable } from "../../core/calls/user-function.js";
import type { Guard } from "../../core/guard/guard.js";
import { requestSlot } from "../../core/request/request-slot.js";
import type { RateLimitInfo } from "./options/options.js";
import type { Hit } from "./stores/store-client.js";

/** One request on its way through one limiter. */
export class Run {
  /** The limiter: mounted twice, it counts a request once. */
  readonly limiter: object;
  readonly req: Request;
  readonly res: Response;
  /** In report mode it does nothing, once the limiter waits for something. */
  next: NextFunction;
  key = "";
  hit: Hit = { totalHits: 0, resetTime: undefined };
  limit = 0;

  constructor(limiter: object, req: Request, res: Response, next: NextFunction) {
    this.limiter = limiter;
    this.req = req;
    this.res = res;
    this.next = next;
  }
}

const runs = requestSlot<Run[]>("expressRateLimits");

/** The limiters of this entry that have counted the request so far: the list itself, to be added to. */
export function runsOf(req: Request): Run[] {
  let list = runs.get(req);
  if (list === undefined) {
    list = [];
    runs.set(req, list);
  }
  return list;
}

/** Goes on with an answer, at once if it is no promise. */
export function goOn<T>(
  guard: Guard,
  answer: T | Promise<T>,
  run: Run,
  act: (answer: T, run: Run) => void,
): void {
  if (!isThenable(answer)) {
    act(answer as T, run);
    return;
  }
  guard.whenSettled(answer as Promise<T>, run.req, run.res, run.next, (value, _req, _res, next) => {
    run.next = next;
    act(value, run);
  });
}

/** What handlers read of the quota on the request. */
export function infoOf({ hit, limit, key }: Run): RateLimitInfo {
  const { totalHits: used, resetTime } = hit;
  const info = { limit, used, remaining: Math.max(limit - used, 0), resetTime, key };
  // The name of `used` before 7: it is there, and nobody lists it.
  return Object.defineProperty(info, "current", { value: used });
}

/** The key in the store. Trying a limit spends nothing of one that enforces. */
export function storeKey({ enforced }: Guard, key: string): string {
  return enforced ? key : `report:${key}`;
}

/** What a function of the app gives that decides nothing, such as a name; `usual` where it fails. Never throws or rejects. */
export function orElse<T>(
  ask: () => T | Promise<T>,
  usual: T,
  tell: (error: unknown) => void,
): T | Promise<T> {
  const failed = (error: unknown): T => {
    tell(error);
    return usual;
  };
  try {
    const answer = ask();
    return isThenable(answer) ? (answer as Promise<T>).then(undefined, failed) : answer;
  } catch (error) {
    return failed(error);
  }
}
