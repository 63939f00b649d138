import type { RequestHandler } from "express";
import { declarePlain } from "../core/app/plain-answer.js";
import type { Middleware } from "../core/guard/middleware.js";
import { readOptions } from "../core/options/options-reader.js";
import { HttpError } from "../core/refusal/http-error.js";
import { respond } from "../core/refusal/respond.js";
import { pageFor } from "./pages/page-for.js";

/** Options of {@link notFound}. */
export interface NotFoundOptions {
  /** Answers with a small page where a browser navigates, as `errorHandler` does. @default false */
  readonly html?: boolean | undefined;
}

/**
 * Answers what no route answered with 404 `not_found` as `application/problem+json`, or with `html` as a page, and keeps
 * the security headers that Express's own 404 page would replace. Mount it after the last route.
 *
 * @throws {@link OptionsError} when it was mounted without being called, or an option is unknown or wrong.
 */
export function notFound(options: NotFoundOptions = {}): Middleware {
  const reader = readOptions<NotFoundOptions>(
    "notFound",
    options,
    { html: true },
    {},
    "notFound()",
  );
  const html = reader.boolean("html");
  reader.finish();
  const notFoundMiddleware: RequestHandler = (req, res, next) => {
    if (res.headersSent) next();
    else respond(new HttpError("not_found"), req, res, html ? pageFor(req, res) : undefined);
  };
  return declarePlain(notFoundMiddleware) as Middleware;
}
