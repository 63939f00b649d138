import type { ErrorRequestHandler, Request, Response } from "express";
import { callObserver } from "../core/calls/follow.js";
import { keepErrorType } from "../core/decision/error-type.js";
import type { ErrorMiddleware } from "../core/guard/middleware.js";
import { readOptions } from "../core/options/options-reader.js";
import { HttpError } from "../core/refusal/http-error.js";
import { requestId } from "../core/refusal/problem-details.js";
import { type AnswerForm, respond } from "../core/refusal/respond.js";
import { cutOff } from "../core/request/cut-off.js";
import { pageFor } from "./pages/page-for.js";
import { toHttpError } from "./translation/to-http-error.js";

/** Options of {@link errorHandler}. */
export interface ErrorHandlerOptions {
  /**
   * Called with every error that is answered 5xx, for the app's own log, in place of the line on stderr. The error may
   * hold secrets: it is the original one. What the function throws, or the promise that it returns rejects with, is
   * ignored.
   */
  readonly onError?: ((error: unknown) => void) | undefined;
  /**
   * Answers with a small page where a browser navigates (`Sec-Fetch-Mode: navigate`, or an `Accept` that prefers HTML to
   * JSON), and as a problem document otherwise. The page has the same status and header fields, and a policy of its own
   * that allows nothing but its style. @default false
   */
  readonly html?: boolean | undefined;
}

/**
 * Answers every error as `application/problem+json`, or with `html` as a page: the app's own, body-parser's, and unknown ones as 500. It never
 * throws itself.
 *
 * The status is taken from `status` or `statusCode` (400–599), as `http-errors` sets them, or from the code of multer.
 * Of an error of `http-errors`, the client also gets the header fields that explain it, such as `Allow`, and the
 * message with `expose: true`. No other message, no stack and no input reaches the client. Mount it last.
 *
 * The audit record of a request that is answered 5xx names the class of the error (`error.type`).
 *
 * Without `onError`, an error that is answered 5xx is printed to stderr with the id of its request, as Express prints
 * what nobody handled: not where the app's setting `env` is `"test"`.
 *
 * @throws {@link OptionsError} when an option is unknown or wrong.
 * @see https://www.rfc-editor.org/rfc/rfc9457
 */
export function errorHandler(options: ErrorHandlerOptions = {}): ErrorMiddleware {
  const reader = readOptions<ErrorHandlerOptions>(
    "errorHandler",
    options,
    { onError: true, html: true },
    {},
    typeof options === "function" ? "errorHandler({ onError: (error) => … })" : "errorHandler()",
  );
  const onError = reader.function<(error: unknown) => void>("onError");
  const html = reader.boolean("html");
  reader.finish();

  // Express tells error handlers by their four parameters.
  const errorHandlerMiddleware: ErrorRequestHandler = (error: unknown, req, res, _next) => {
    const refusal = toHttpError(error);
    if (isOurs(refusal)) {
      keepErrorType(req, error);
      if (onError === undefined) print(error, req);
      else callObserver(() => onError(error));
    }
    if (res.headersSent) cutOff(req, res);
    else answer(refusal, req, res, html ? pageFor(req, res) : undefined);
  };
  return errorHandlerMiddleware as ErrorMiddleware;
}

/** Whether the error is no fault of the client. What has no readable status is sent as 500. */
function isOurs(refusal: HttpError): boolean {
  try {
    return !(refusal.toProblem().status < 500);
  } catch {
    return true;
  }
}

function answer(
  refusal: HttpError,
  req: Request,
  res: Response,
  form: AnswerForm | undefined,
): void {
  for (const error of [refusal, new HttpError("internal_error")]) {
    try {
      respond(error, req, res, form);
      return;
    } catch {
      // Something on the response failed, such as a method that another middleware put there.
      if (res.headersSent) break;
    }
  }
  cutOff(req, res);
}

/** Prints the error as `logerror` of Express does: after the answer, and not in tests. */
function print(error: unknown, req: Request): void {
  if (req.app?.get("env") === "test") return;
  const id = requestId.get(req);
  setImmediate(() => {
    try {
      const what = id === undefined ? [error] : ["request %s:", id, error];
      // biome-ignore lint/suspicious/noConsole: what Express does with an error that nobody handled
      console.error(...what);
    } catch {
      // An error that cannot be shown.
    }
  });
}
