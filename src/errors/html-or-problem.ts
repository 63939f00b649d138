import type { NextFunction, Request, Response } from "express";
import { OptionsError } from "../core/options/options-error.js";
import { type HttpError, isHttpError } from "../core/refusal/http-error.js";
import { respond } from "../core/refusal/respond.js";
import { pageFor } from "./pages/page-for.js";

/**
 * For `onDenied`: answers a refusal with a small page where a browser navigates, and as a problem document otherwise, as
 * `errorHandler({ html: true })` does. Status and header fields are the same.
 *
 * As an error handler it answers the errors of this library, and hands on all others.
 *
 * @throws {@link OptionsError} when it is called in place of being handed over.
 */
export function htmlOrProblem(
  error: HttpError,
  req: Request,
  res: Response,
  next: NextFunction,
): void {
  if ((res as unknown) === undefined) {
    throw new OptionsError(["htmlOrProblem must not be called: write onDenied: htmlOrProblem"]);
  }
  if (res.headersSent || !isHttpError(error)) next(error);
  else respond(error, req, res, pageFor(req, res));
}
