// The declarations behind the ES module door, in a module of its own.
import "express-secure-api/augment";
import { HttpError, isHttpError } from "express-secure-api/errors";
import { secureApi } from "express-secure-api/secure-api";

export function statusOf(error: unknown): number {
  return isHttpError(error) ? error.status : new HttpError("internal_error").status;
}

export const preset: typeof secureApi = secureApi;
