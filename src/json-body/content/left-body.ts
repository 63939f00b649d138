import { isExpress4 } from "../../core/app/app-layers.js";
import { leaveStopgap, type ParsedRequest } from "../../core/http/request-body.js";

/**
 * Leaves in `req.body` what `express.json()` leaves there when it reads nothing, because apps rely on it: on Express 4 an
 * empty object, on Express 5 a member that is `undefined`. What somebody put there stays.
 *
 * The app in which the middleware is mounted says which major it is; where there is none, it is taken for Express 5.
 */
export function leaveUnreadBody(req: ParsedRequest): void {
  if (isExpress4(req.app)) {
    if (req._body !== true && !req.body) leaveStopgap(req);
  } else if (!req.readableEnded && !("body" in req)) {
    Object.assign(req, { body: undefined });
  }
}
