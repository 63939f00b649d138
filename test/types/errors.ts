import type { ErrorRequestHandler, RequestHandler } from "express";
import {
  ERROR_CODES,
  type ErrorCode,
  errorHandler,
  HttpError,
  type HttpErrorInit,
  htmlOrProblem,
  isHttpError,
  notFound,
  type OnDenied,
  OptionsError,
} from "express-secure-api/errors";
import { assertType, type Equal } from "./equal.js";

export const last: readonly [RequestHandler, ErrorRequestHandler] = [notFound(), errorHandler()];
errorHandler({ html: true });
notFound({ html: true });
export const answers: OnDenied = htmlOrProblem;
errorHandler({ onError: (error: unknown) => console.error(error) });

export function codeOf(error: unknown): ErrorCode | undefined {
  if (!isHttpError(error)) return undefined;
  assertType<Equal<typeof error, HttpError>>();
  return error.code;
}

export const refusal: HttpError = new HttpError("not_found");
export const refusals: readonly HttpError[] = [
  new HttpError("conflict"),
  new HttpError("conflict", { status: 409, headers: { "Retry-After": "1" } }),
  new HttpError("validation_failed", { status: 400, members: { errors: [] } }),
  new HttpError("request_refused", { status: 418 }),
  new HttpError("request_refused", { status: 499 }),
  new HttpError("internal_error", { status: 502, detail: "The shop is closed." }),
];
assertType<Equal<(typeof ERROR_CODES)["conflict"]["status"], 409>>();
assertType<Equal<HttpError["code"], ErrorCode>>();
export function refusalFor(code: ErrorCode): HttpError {
  return new HttpError(code, { cause: ERROR_CODES[code].detail });
}
export const wrongOptions: TypeError = new OptionsError(["a problem"]);

// @ts-expect-error codes are a closed list
new HttpError("no_such_code");
// @ts-expect-error the status belongs to the code
new HttpError(409, "conflict");
// @ts-expect-error conflict is always 409
new HttpError("conflict", { status: 400 });
// @ts-expect-error 404 is neither of the two that it can have
new HttpError("validation_failed", { status: 404 });
// @ts-expect-error internal_error is a 5xx
new HttpError("internal_error", { status: 404 });
// @ts-expect-error request_refused is a 4xx
new HttpError("request_refused", { status: 500 });
// @ts-expect-error a refusal is no success
new HttpError("request_refused", { status: 200 });
export function statusOfOneOfTwo(code: "internal_error" | "conflict"): HttpError {
  // @ts-expect-error only one of the two may have it
  return new HttpError(code, { status: 500 });
}
export function statusOfAny(code: ErrorCode, status: number): HttpError {
  // @ts-expect-error no status fits all codes
  return new HttpError(code, { status });
}
// @ts-expect-error no status fits all codes
export const initOfAny: HttpErrorInit = { status: 500 };
// @ts-expect-error no status fits all codes
new HttpError<ErrorCode>("conflict", { status: 999 });
// @ts-expect-error a header field is text
new HttpError("conflict", { headers: { "Retry-After": 1 } });
// @ts-expect-error the table is not for changing
ERROR_CODES.conflict.status = 400;
// @ts-expect-error unknown option
errorHandler({ log: true });
// @ts-expect-error there is nothing to set
notFound({ status: 410 });
// @ts-expect-error it is handed over, not called
htmlOrProblem();
// @ts-expect-error a page is wanted or not
errorHandler({ html: "<p>" });
