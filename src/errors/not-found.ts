import type { RequestHandler } from "express";
import type { Middleware } from "../core/guard/middleware.js";
import { assertCalled, assertNoArguments } from "../core/options/uncalled-factory.js";
import { HttpError } from "../core/refusal/http-error.js";
import { respond } from "../core/refusal/respond.js";

/**
 * Answers what no route answered with 404 `not_found` as `application/problem+json`, and keeps the security headers
 * that Express's own 404 page would replace. Mount it after the last route.
 *
 * @throws {@link OptionsError} when it was mounted without being called, or given options.
 */
export function notFound(): Middleware;
export function notFound(...args: readonly unknown[]): Middleware {
  assertCalled("notFound", args[0], "notFound()");
  assertNoArguments("notFound", args);
  const notFoundMiddleware: RequestHandler = (req, res, next) => {
    if (res.headersSent) next();
    else respond(new HttpError("not_found"), req, res);
  };
  return notFoundMiddleware as Middleware;
}
