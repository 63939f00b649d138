import {
  allowsStatus,
  ERROR_CODES,
  type ErrorCode,
  type OutageCode,
  type StatusOf,
} from "./error-code.js";
import { createProblem, type Problem } from "./problem-details.js";

const BRAND = Symbol.for("express-secure-api.http-error/1");

/** Names and values that must go on the response; a list is sent as several fields. */
export type HeaderFields = Readonly<Record<string, string | readonly string[]>>;

/** What an {@link HttpError} may carry besides its code. */
export interface HttpErrorInit<Code extends ErrorCode = ErrorCode> {
  /** A status other than the usual one of the code, where {@link ERROR_CODES} allows it. @default that of the code */
  readonly status?: StatusOf<Code> | undefined;
  /** Header fields of the answer, such as `WWW-Authenticate` or `Retry-After`. */
  readonly headers?: HeaderFields | undefined;
  /** What caused the refusal. It reaches logs and error handlers, never the client. */
  readonly cause?: unknown;
  /** Registered problem type URI (RFC 9457 §3.1.1). */
  readonly type?: string | undefined;
  /** Further members of the problem document, such as `errors`. They must not echo input. */
  readonly members?: Readonly<Record<string, unknown>> | undefined;
}

/**
 * The refusal of one request: what the client is told, with the headers that belong to it. Its status and its sentence
 * come from {@link ERROR_CODES}.
 *
 * 4xx is the client's fault; 5xx is ours, or that of a service we depend on.
 *
 * @throws TypeError when the code is unknown, or may not have the status: JavaScript has no compiler to say so.
 */
export class HttpError<Code extends ErrorCode = ErrorCode> extends Error {
  override readonly name: string = "HttpError";
  readonly status: number;
  /** Alias of `status`, for readers of `http-errors`. */
  readonly statusCode: number;
  /** Stable and machine-readable. */
  readonly code: Code;
  readonly headers: HeaderFields;
  /** Whether `message` may be shown to the client, as in `http-errors`. */
  readonly expose: boolean;
  readonly #type: string | undefined;
  readonly #members: Readonly<Record<string, unknown>> | undefined;

  constructor(code: Code, init: HttpErrorInit<Code> = {}) {
    if (!Object.hasOwn(ERROR_CODES, code)) throw new TypeError("HttpError: unknown code");
    const { status: usual, detail } = ERROR_CODES[code];
    super(detail, init.cause === undefined ? undefined : { cause: init.cause });
    const status: number = init.status ?? usual;
    if (!allowsStatus(code, status)) {
      throw new TypeError(`HttpError: ${code} has the status ${usual}, not ${status}`);
    }
    this.status = status;
    this.statusCode = status;
    this.code = code;
    this.headers = Object.freeze({ ...init.headers });
    this.expose = status < 500;
    this.#type = init.type;
    this.#members = init.members;
    Object.defineProperty(this, BRAND, { value: true });
  }

  /** The problem document of this refusal (RFC 9457). */
  toProblem(): Problem {
    return createProblem(this.status, this.code, this.message, this.#type, this.#members);
  }
}

/**
 * Whether the value is an {@link HttpError}, also one from another installed copy of this library, for which
 * `instanceof` is false.
 */
export function isHttpError(value: unknown): value is HttpError {
  return typeof value === "object" && value !== null && Object.hasOwn(value, BRAND);
}

/**
 * An outage of ours or of a service we depend on: 503 with `Retry-After`, never the client's fault.
 *
 * @param retryAfter - Whole seconds after which a retry makes sense.
 */
export function outageError(code: OutageCode, cause: unknown, retryAfter = 5): HttpError {
  return new HttpError(code, { cause, headers: { "Retry-After": String(retryAfter) } });
}
