export { ERROR_DETAILS, type ErrorCode } from "../core/error-code.js";
export { HttpError, type HttpErrorInit, isHttpError } from "../core/http-error.js";
export { OptionsError } from "../core/options-error.js";
export type { Problem } from "../core/problem-details.js";
export { type ErrorHandlerOptions, errorHandler } from "./error-handler.js";
export { notFound } from "./not-found.js";
