import type { RequestHandler } from "express";
import { respond } from "../core/refusal/deny.js";
import { HttpError } from "../core/refusal/http-error.js";

/**
 * Answers what no route answered with 404 `not_found` as `application/problem+json`, and keeps the security headers
 * that Express's own 404 page would replace. Mount it after the last route.
 */
export function notFound(): RequestHandler {
  return function notFoundMiddleware(req, res, next) {
    if (res.headersSent) next();
    else respond(new HttpError("not_found"), req, res);
  };
}
