import type { Request } from "express";
import { refuseMounting } from "../core/calls/refuse-mounting.js";
import { requestId } from "../core/refusal/problem-details.js";

/**
 * The id of the request, for logs of the app and for calls to other services: the one that its record has as
 * `http.request.id`, problem documents as `requestId`, and the response as `X-Request-Id`. It is there from `auditLog` on,
 * in report mode as well, in every handler and error handler, also after an `await`.
 *
 * @returns `undefined` where no `auditLog` ran in front.
 */
export function getRequestId(req: Request): string | undefined;
export function getRequestId(req: Request, _res?: unknown, next?: unknown): string | undefined {
  if (next !== undefined) refuseMounting("getRequestId", next);
  return req === null || req === undefined ? undefined : requestId.get(req);
}
