import type { IncomingMessage, ServerResponse } from "node:http";
import type { Request } from "express";

/** What a middleware of this library asks of a request: that Express made it. */
type ExpressRequest = IncomingMessage & Pick<Request, "app" | "baseUrl" | "originalUrl">;

/** Hands the request on, or the error to the error handlers. */
type Next = (error?: unknown) => void;

/**
 * A middleware that fits every route and tells nothing about it: a handler of Express, and assignable to its
 * `RequestHandler`, whatever params, query, body and locals that one has.
 *
 * Express finds the types of a route by what all its handlers say, and only if none says anything by the path. A
 * `RequestHandler` says that `req.params.id` is what it may be in any route (`string | string[]` with the types of
 * Express 5), also to the handlers beside it. This type says nothing, so `req.params.id` in `/orders/:id` is a string.
 *
 * @typeParam Refined - What handlers in the same route may rely on, such as `{ body: Order }`; nothing by default.
 */
export type Middleware<Refined extends object = object> = (
  req: ExpressRequest & Refined,
  res: ServerResponse,
  next: Next,
) => void;

/** An error handler that fits every route and tells nothing about it, for the reason that {@link Middleware} has. */
export type ErrorMiddleware = (
  error: unknown,
  req: ExpressRequest,
  res: ServerResponse,
  next: Next,
) => void;
