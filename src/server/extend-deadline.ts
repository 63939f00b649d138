import { refuseMounting } from "../core/calls/refuse-mounting.js";
import { RequestTime } from "./deadline/request-time.js";
import { parseTimeout, wrongTimeout } from "./deadline/timeouts.js";

/**
 * Gives a request more time, or less, than `requestDeadline` did: `extendDeadline(req, "2m")` counts from now on. For a request that
 * turns out to be a large one; `"none"` is for answers that never end, such as server-sent events. Never give it what a client says.
 *
 * @param timeout - From `"1ms"` to `"1d"`, or `"none"`.
 * @returns Whether there was still time: not when the deadline has passed, an answer has begun or the client has left.
 * @throws TypeError when the timeout is neither, and Error when no `requestDeadline` ran for the request.
 */
export function extendDeadline(req: object, timeout: string): boolean;
export function extendDeadline(req: object, timeout: string, next?: unknown): boolean {
  refuseMounting("extendDeadline", next);
  const read = parseTimeout(timeout);
  if (read === undefined) throw new TypeError(`extendDeadline: timeout ${wrongTimeout(timeout)}`);
  const time = RequestTime.of(req);
  if (time !== undefined) return time.extend(read);
  throw new Error("extendDeadline: mount requestDeadline in front of the handler");
}
