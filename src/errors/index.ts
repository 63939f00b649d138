export type { GuardOptions, Mode } from "../core/guard/guard-options.js";
export type { ErrorMiddleware, Middleware } from "../core/guard/middleware.js";
export { OptionsError } from "../core/options/options-error.js";
export type { OnDenied } from "../core/refusal/deny.js";
export { ERROR_CODES, type ErrorCode } from "../core/refusal/error-code.js";
export { HttpError, type HttpErrorInit, isHttpError } from "../core/refusal/http-error.js";
export type { Problem } from "../core/refusal/problem-details.js";
export { type ErrorHandlerOptions, errorHandler } from "./error-handler.js";
export { notFound } from "./not-found.js";
