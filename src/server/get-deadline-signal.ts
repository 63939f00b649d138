import { refuseMounting } from "../core/calls/refuse-mounting.js";
import { RequestTime } from "./deadline/request-time.js";

/**
 * The signal of a request for which `requestDeadline` ran: give it to `fetch`, to a database driver or to timers, so that they
 * stop when nobody waits any more. It is aborted with a `TimeoutError` when the deadline has passed, and with an
 * `AbortError` when the client leaves before its answer was sent; in report mode for that alone.
 *
 * @throws Error when no `requestDeadline` ran for the request.
 */
export function getDeadlineSignal(req: object): AbortSignal;
export function getDeadlineSignal(req: object, _res?: unknown, next?: unknown): AbortSignal {
  refuseMounting("getDeadlineSignal", next);
  const time = RequestTime.of(req);
  if (time !== undefined) return time.signal;
  throw new Error("getDeadlineSignal: mount requestDeadline in front of the handler");
}
