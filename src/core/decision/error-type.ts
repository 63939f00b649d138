import type { Request } from "express";
import { isHttpError } from "../refusal/http-error.js";
import { requestSlot } from "../request/request-slot.js";

/** What OpenTelemetry calls an error whose type cannot be told. */
const OTHER = "_OTHER";
const MAX_DEPTH = 8;
const CLASS_NAME = /^[A-Za-z_$][\w$]*$/;
const CODE = /^[a-z]+(?:_[a-z]+)*$/;
const MAX_LENGTH = 64;

const kept = requestSlot<string>("errorType");

/**
 * Keeps the type of an error of the app that ended a request, for its audit record: the name of the error's class, or the
 * code of an `HttpError`. What is no such name, is too long or cannot be read is passed over for the class that it
 * inherits from, and then for `_OTHER`. Members of the error itself do not count: an app may have put input there.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/registry/attributes/error/
 */
export function keepErrorType(req: Request, error: unknown): void {
  kept.set(req, typeOf(error));
}

/** What {@link keepErrorType} kept. */
export function errorTypeOf(req: Request): string | undefined {
  return kept.get(req);
}

function typeOf(error: unknown): string {
  try {
    if (typeof error !== "object" || error === null) return OTHER;
    if (isHttpError(error) && isShort(error.code, CODE)) return error.code;
    return classNameOf(error) ?? OTHER;
  } catch {
    // A Proxy.
    return OTHER;
  }
}

function classNameOf(error: object): string | undefined {
  let prototype: unknown = Object.getPrototypeOf(error);
  for (let depth = 0; depth < MAX_DEPTH && prototype !== null; depth += 1) {
    const name = dataOf(dataOf(prototype, "constructor"), "name");
    if (isShort(name, CLASS_NAME)) return name;
    prototype = Object.getPrototypeOf(prototype);
  }
  return undefined;
}

/** The value of an own member, which no getter computes. */
function dataOf(holder: unknown, name: string): unknown {
  return typeof holder === "object" || typeof holder === "function"
    ? Reflect.getOwnPropertyDescriptor(holder ?? {}, name)?.value
    : undefined;
}

function isShort(text: unknown, form: RegExp): text is string {
  return typeof text === "string" && text.length <= MAX_LENGTH && form.test(text);
}
