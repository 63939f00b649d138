import type { ErrorRequestHandler } from "express";
import type { ErrorMiddleware } from "../core/guard/middleware.js";
import { readOptions } from "../core/options/options-reader.js";
import { respond } from "../core/refusal/deny.js";
import { allowsStatus, ERROR_CODES, type ErrorCode } from "../core/refusal/error-code.js";
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

/** The codes of errors of which nothing is known but their status: one for each. */
const GENERAL_CODES: readonly ErrorCode[] = [
  "bad_request",
  "unauthorized",
  "forbidden",
  "not_found",
  "method_not_allowed",
  "not_acceptable",
  "request_timeout",
  "conflict",
  "gone",
  "body_too_large",
  "unsupported_media_type",
  "unprocessable_content",
  "too_many_requests",
  "internal_error",
  "service_unavailable",
];

const BY_STATUS: ReadonlyMap<number, ErrorCode> = new Map(
  GENERAL_CODES.map((code) => [ERROR_CODES[code].status, code]),
);

/**
 * Answers every error as `application/problem+json`: the app's own, body-parser's, and unknown ones as 500.
 *
 * The status is taken from `status` or `statusCode` (400–599), as `http-errors` sets them; headers only from errors of
 * this library. Neither the message, nor the stack, nor any input reaches the client. Mount it last.
 *
 * @throws {@link OptionsError} when an option is unknown or wrong.
 * @see https://www.rfc-editor.org/rfc/rfc9457
 */
export function errorHandler(options: ErrorHandlerOptions = {}): ErrorMiddleware {
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
  const errorHandlerMiddleware: ErrorRequestHandler = (error: unknown, req, res, _next) => {
    const refusal = toHttpError(error);
    if (refusal.status >= 500 && onError !== undefined) tell(onError, error);
    if (res.headersSent) res.destroy();
    else respond(refusal, req, res);
  };
  return errorHandlerMiddleware as ErrorMiddleware;
}

function toHttpError(error: unknown): HttpError {
  if (isHttpError(error)) return error;
  const status = statusOf(error);
  return new HttpError(codeOf(error, status), { status, cause: error });
}

function codeOf(error: unknown, status: number): ErrorCode {
  const type = memberOf(error, "type");
  const known =
    typeof type === "string" && Object.hasOwn(PARSER_CODES, type) ? PARSER_CODES[type] : undefined;
  // An error of the app may have the type of a parser's and a status of its own: the status stands.
  if (known !== undefined && allowsStatus(known, status)) return known;
  const fallback = allowsStatus("request_refused", status) ? "request_refused" : "internal_error";
  return BY_STATUS.get(status) ?? fallback;
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
