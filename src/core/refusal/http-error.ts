import { refuseMounting } from "../calls/refuse-mounting.js";
import {
  allowsStatus,
  type CommonStatus,
  ERROR_CODES,
  type ErrorCode,
  type OutageCode,
} from "./error-code.js";
import { copyHeaderFields, type HeaderFields } from "./header-fields.js";
import { addMember, copyJson, isPlainObject } from "./json-copy.js";
import { createProblem, isStandardMember, type Problem } from "./problem-details.js";

export type { HeaderFields } from "./header-fields.js";

const BRAND = Symbol.for("express-secure-api.http-error/1");

/** What an {@link HttpError} may carry besides its code. */
export interface HttpErrorInit<Code extends ErrorCode = ErrorCode> {
  /** A status other than the usual one of the code, where {@link ERROR_CODES} allows it. @default that of the code */
  readonly status?: CommonStatus<Code> | undefined;
  /**
   * A sentence in place of the one in {@link ERROR_CODES}. The client sees it: it must not hold input, secrets or
   * messages of other errors. @default that of the code
   */
  readonly detail?: string | undefined;
  /**
   * Header fields of the answer, such as `WWW-Authenticate` or `Retry-After`; not those that describe its body, such
   * as `Content-Type` or `Cache-Control`.
   */
  readonly headers?: HeaderFields | undefined;
  /** What caused the refusal. It reaches logs and error handlers, never the client. */
  readonly cause?: unknown;
  /** Registered problem type: an absolute URI (RFC 9457 §3.1.1). */
  readonly type?: string | undefined;
  /**
   * Further members of the problem document, such as `errors`: JSON data, of which a copy is kept. They must not echo
   * input, and they replace no standard member.
   */
  readonly members?: Readonly<Record<string, unknown>> | undefined;
}

/** The second argument, with a status that is still to be checked. */
type ReadInit = Omit<HttpErrorInit, "status"> & { readonly status?: number };

/** Nothing else than a scheme and what can stand in a URI (RFC 3986 §4.3). */
const ABSOLUTE_URI = /^[a-z][a-z\d+.-]*:[!#-;=?-[\]_a-z~]+$/i;

/**
 * The refusal of one request: what the client is told, with the headers that belong to it. Its status and its sentence
 * come from {@link ERROR_CODES}.
 *
 * 4xx is the client's fault; 5xx is ours, or that of a service we depend on. What the second argument inherits counts
 * for nothing.
 *
 * @throws TypeError when the code is unknown or may not have the status, or when something cannot be sent as it is:
 * JavaScript has no compiler to say so, and the tests of the app see it here.
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
  readonly #document: Problem;

  constructor(code: Code, init: HttpErrorInit<Code> = {}) {
    if (typeof code !== "string" || !Object.hasOwn(ERROR_CODES, code)) {
      throw new TypeError('HttpError: unknown code: write one of ERROR_CODES, such as "not_found"');
    }
    const { status, detail, headers, cause, type, members } = readInit(init);
    const row = ERROR_CODES[code];
    if (status !== undefined && !allowsStatus(code, status)) {
      throw new TypeError(`HttpError: ${code} must not have the status ${status}`);
    }
    const text = detail ?? row.detail;
    super(text, cause === undefined ? undefined : { cause });
    this.status = status ?? row.status;
    this.statusCode = this.status;
    this.code = code;
    this.headers = copyHeaderFields(headers);
    this.expose = this.status < 500;
    this.#document = createProblem(
      this.status,
      code,
      text,
      type,
      members === undefined ? undefined : copyMembers(members),
    );
    Object.defineProperty(this, BRAND, { value: true });
  }

  /** The problem document of this refusal (RFC 9457), as it was made: what was written to the error later is not in it. */
  toProblem(): Problem {
    return { ...this.#document };
  }
}

/**
 * Whether the value is an {@link HttpError}, also one from another installed copy of this library, for which
 * `instanceof` is false.
 */
export function isHttpError(value: unknown): value is HttpError;
export function isHttpError(value: unknown, _res?: unknown, next?: unknown): boolean {
  if (next !== undefined) refuseMounting("isHttpError", next);
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

/** Why the member cannot be what it is, `undefined` when it can. What is inherited was left out before. */
function initFault(name: string, value: unknown): string | undefined {
  switch (name) {
    case "status":
      return typeof value === "number" ? undefined : "status must be a number";
    case "detail":
      return typeof value === "string" && value.trim() !== ""
        ? undefined
        : "detail must be a sentence";
    case "type":
      return typeof value === "string" && ABSOLUTE_URI.test(value)
        ? undefined
        : "type must be an absolute URI";
    case "members":
      return isPlainObject(value) ? undefined : "members must be a plain object";
    case "headers":
    case "cause":
      return undefined;
    default:
      return `unknown member ${name}`;
  }
}

/** The own members of the second argument, each of the right type, without those that are `undefined`. */
function readInit(init: unknown): ReadInit {
  if (!isPlainObject(init))
    throw new TypeError(
      "HttpError: the second argument must be an object, such as { detail: … } or { cause: … }",
    );
  const read: Record<string, unknown> = Object.create(null);
  for (const name of Object.keys(init)) {
    const value = init[name];
    if (value === undefined) continue;
    const fault = initFault(name, value);
    if (fault !== undefined) throw new TypeError(`HttpError: ${fault}`);
    read[name] = value;
  }
  return read;
}

/** A copy of the members that are no standard ones. */
function copyMembers(
  members: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const copy: Record<string, unknown> = {};
  for (const name of Object.keys(members)) {
    if (isStandardMember(name)) continue;
    try {
      const value = members[name];
      if (value !== undefined) addMember(copy, name, copyJson(value));
    } catch (cause) {
      // What is no JSON data, or a getter of the app that throws.
      throw new TypeError(`HttpError: members.${name} must be JSON data`, { cause });
    }
  }
  return copy;
}
