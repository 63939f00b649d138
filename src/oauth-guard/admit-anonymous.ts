import { requestSlot } from "../core/request/request-slot.js";

/** The guard that needs no token for this request. */
const admitting = requestSlot<object>("anonymousAdmittedBy");

/**
 * Makes one guard optional for one request: without a token it passes, and one that is sent must be valid. Other guards that
 * it comes to, such as one on a router behind the preset, ask for a token as before.
 */
export function admitAnonymous(req: object, guard: object): void {
  admitting.set(req, guard);
}

/** Whether this guard has been told so. */
export function admitsAnonymous(req: object, guard: object): boolean {
  return admitting.get(req) === guard;
}
