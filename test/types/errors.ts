import type { ErrorRequestHandler, RequestHandler } from "express";
import {
  type ErrorCode,
  errorHandler,
  HttpError,
  isHttpError,
  notFound,
  OptionsError,
} from "express-secure-api/errors";
import { assertType, type Equal } from "./equal.js";

export const last: readonly [RequestHandler, ErrorRequestHandler] = [notFound(), errorHandler()];
errorHandler({ onError: (error: unknown) => console.error(error) });

export function codeOf(error: unknown): ErrorCode | undefined {
  if (!isHttpError(error)) return undefined;
  assertType<Equal<typeof error, HttpError>>();
  return error.code;
}

export const refusal = new HttpError(404, "not_found");
export const wrongOptions: TypeError = new OptionsError(["a problem"]);

// @ts-expect-error codes are a closed list
new HttpError(404, "no_such_code");
// @ts-expect-error unknown option
errorHandler({ log: true });
// @ts-expect-error there is nothing to set
notFound({ status: 410 });
