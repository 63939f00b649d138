import { ERROR_CODES, type ErrorCode } from "../../core/refusal/error-code.js";
import { HttpError, type HttpErrorInit, isHttpError } from "../../core/refusal/http-error.js";
import { errorMember } from "./error-member.js";
import { honouredFields } from "./honoured-fields.js";
import { generalCode, parserCode, uploadCode } from "./known-codes.js";

/** Names of the errors that JavaScript itself throws: nobody has written their messages for a client. */
const LANGUAGE_ERRORS: ReadonlySet<unknown> = new Set([
  "EvalError",
  "RangeError",
  "ReferenceError",
  "SyntaxError",
  "TypeError",
  "URIError",
]);

/** A message is a sentence; what is longer quotes something. */
const MAX_MESSAGE_LENGTH = 1000;
/** The first half of a character that was cut in two. */
const HALF_CHARACTER = /[\ud800-\udbff]$/;

/** What the app threw, as the refusal that the client is told. Never throws, whatever it is. */
export function toHttpError(error: unknown): HttpError {
  try {
    if (isHttpError(error)) return error;
  } catch {
    // A Proxy.
  }
  const status = statusOf(error);
  if (status === undefined) {
    const code = uploadCode(error) ?? "internal_error";
    return new HttpError(code, { cause: error });
  }
  const parser = parserCode(error, status);
  const cause = { cause: error };
  if (parser !== undefined) return withStatus(parser, status, cause);
  const detail = exposedText(error);
  return withStatus(generalCode(status), status, {
    ...cause,
    headers: honouredFields(error),
    ...(detail === undefined ? {} : { detail }),
  });
}

/** The status was read at run time: the constructor checks it. */
function withStatus(
  code: ErrorCode,
  status: number,
  init: Omit<HttpErrorInit, "status">,
): HttpError {
  return new HttpError(
    code,
    ERROR_CODES[code].status === status ? init : { ...init, status: status as never },
  );
}

function statusOf(error: unknown): number | undefined {
  for (const name of ["status", "statusCode"]) {
    const status = errorMember(error, name);
    if (Number.isInteger(status) && Number(status) >= 400 && Number(status) <= 599)
      return Number(status);
  }
  return undefined;
}

/** The message that `http-errors` made to be shown: of a 5xx only where the app has said so. */
function exposedText(error: unknown): string | undefined {
  if (errorMember(error, "expose") !== true) return undefined;
  // `http-errors` also turns errors of others into its own: those of parsers, and of JSON.parse, quote input, those of the system paths.
  if (errorMember(error, "type") !== undefined || errorMember(error, "syscall") !== undefined)
    return undefined;
  if (LANGUAGE_ERRORS.has(errorMember(error, "name"))) return undefined;
  const message = errorMember(error, "message");
  if (typeof message !== "string") return undefined;
  const text = message.slice(0, MAX_MESSAGE_LENGTH).replace(HALF_CHARACTER, "");
  return text.trim() === "" ? undefined : text;
}
