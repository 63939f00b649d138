import { refuseMounting } from "../core/calls/refuse-mounting.js";
import { currentContext, type RequestContext } from "./correlation/request-context.js";

/**
 * The request that the code at hand runs for, anywhere in the app, without handing it around: behind
 * `auditLog({ context: true })`, in handlers and what they call, after an `await`, in timers and streams that they start,
 * in parsers of bodies, and in listeners of the request and the response.
 *
 * It is for logs and calls to other services. What decides about a request should take it from the request itself:
 * `getPrincipal(req)`.
 *
 * @returns `undefined` outside of requests, without `context: true`, and in what a shared resource calls that began
 * elsewhere, such as a listener of a connection pool.
 */
export function getRequestContext(): RequestContext | undefined;
export function getRequestContext(
  _req?: unknown,
  _res?: unknown,
  next?: unknown,
): RequestContext | undefined {
  if (next !== undefined) refuseMounting("getRequestContext", next);
  return currentContext();
}
