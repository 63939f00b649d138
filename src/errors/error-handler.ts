import type { ErrorRequestHandler } from "express";
import { readOptions } from "../core/options/options-reader.js";
import { respond } from "../core/refusal/deny.js";
import type { ErrorCode } from "../core/refusal/error-code.js";
import { HttpError, isHttpError } from "../core/refusal/http-error.js";

/** Options of {@link errorHandler}. */
export interface ErrorHandlerOptions {
  /**
   * Called with every error that is answered 5xx, for the app's own log. The error may hold secrets: it is the
   * original one. What the function throws is ignored.
   */
  readonly onError?: ((error: unknown) => void) | undefined;
}

/** Codes of body-parser, raw-body and Express (their `type`), as ours. */
const PARSER_CODES: Readonly<Record<string, ErrorCode>> = {
  "charset.unsupported": "unsupported_charset",
  "encoding.unsupported": "unsupported_content_encoding",
  "entity.parse.failed": "malformed_json",
  "entity.too.large": "body_too_large",
  "parameters.too.many": "structure_too_large",
  "querystring.parse.rangeError": "structure_too_deep",
  "request.aborted": "malformed_body",
  "request.size.invalid": "malformed_body",
  "stream.encoding.set": "internal_error",
  "stream.not.readable": "internal_error",
};

const STATUS_CODES: Readonly<Record<number, ErrorCode>> = {
  400: "bad_request",
  401: "unauthorized",
  403: "forbidden",
  404: "not_found",
  405: "method_not_allowed",
  406: "not_acceptable",
  408: "request_timeout",
  409: "conflict",
  410: "gone",
  413: "body_too_large",
  415: "unsupported_media_type",
  422: "unprocessable_content",
  429: "too_many_requests",
  500: "internal_error",
  503: "service_unavailable",
};

/**
 * Answers every error as `application/problem+json`: the app's own, body-parser's, and unknown ones as 500.
 *
 * The status is taken from `status` or `statusCode` (400–599), as `http-errors` sets them; headers only from errors of
 * this library. Neither the message, nor the stack, nor any input reaches the client. Mount it last.
 *
 * @throws {@link OptionsError} when an option is unknown or wrong.
 * @see https://www.rfc-editor.org/rfc/rfc9457
 */
export function errorHandler(options: ErrorHandlerOptions = {}): ErrorRequestHandler {
  const reader = readOptions<ErrorHandlerOptions>(
    "errorHandler",
    options,
    { onError: true },
    {},
    "errorHandler()",
  );
  const onError = reader.function<(error: unknown) => void>("onError");
  reader.finish();

  // Express tells error handlers by their four parameters.
  return function errorHandlerMiddleware(error: unknown, req, res, _next) {
    const refusal = toHttpError(error);
    if (refusal.status >= 500 && onError !== undefined) tell(onError, error);
    if (res.headersSent) res.destroy();
    else respond(refusal, req, res);
  };
}

function toHttpError(error: unknown): HttpError {
  if (isHttpError(error)) return error;
  const status = statusOf(error);
  const type = memberOf(error, "type");
  const known =
    typeof type === "string" && Object.hasOwn(PARSER_CODES, type) ? PARSER_CODES[type] : undefined;
  const fallback: ErrorCode = status < 500 ? "request_refused" : "internal_error";
  return new HttpError(status, known ?? STATUS_CODES[status] ?? fallback, { cause: error });
}

function statusOf(error: unknown): number {
  for (const name of ["status", "statusCode"]) {
    const status = memberOf(error, name);
    if (Number.isInteger(status) && Number(status) >= 400 && Number(status) <= 599)
      return Number(status);
  }
  return 500;
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null
    ? (value as Record<string, unknown>)[name]
    : undefined;
}

function tell(onError: (error: unknown) => void, error: unknown): void {
  try {
    onError(error);
  } catch {
    // A broken logger of the app must not keep the client waiting.
  }
}
