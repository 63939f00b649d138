import type { NextFunction, Request, Response } from "express";
import { watchAnswer } from "../../core/answer/watch-answer.js";
import { MountingError } from "../../core/calls/mounting-error.js";
import type { Guard } from "../../core/guard/guard.js";
import { announcedLength, type BodyResult, readBody } from "../../core/http/bodies/read-body.js";
import { essenceOf, parseMediaType } from "../../core/http/media-type.js";
import { opens, type PathPattern } from "../../core/http/path-pattern.js";
import {
  hasContent,
  leaveStopgap,
  type ParsedRequest,
  rememberJudgedBody,
  wasRead,
} from "../../core/http/request-body.js";
import type { ErrorCode } from "../../core/refusal/error-code.js";
import { type HeaderFields, HttpError } from "../../core/refusal/http-error.js";
import { ACCEPTED_CODINGS, contentCoding, decompress } from "./decode-body.js";
import { leaveUnreadBody } from "./left-body.js";
import { peekBody } from "./peek-body.js";
import { createRawReadingWatcher } from "./raw-reading.js";
import { isUtf8Label } from "./utf8-labels.js";

/** What a parser makes of a body: a value, `undefined` for none, or the code of the refusal. */
export type ParsedBody = { readonly value: unknown } | ErrorCode;

/** What tells the parsers of this package apart. */
export interface BodyFormat {
  /** The media type for an `Accept` field, and the usual value of `Content-Type`. */
  readonly mediaType: string;
  /** Whether bodies with this media type, without its parameters, are read. */
  readonly reads: (essence: string) => boolean;
  readonly limit: number;
  /** Paths whose body is left alone. */
  readonly except: readonly PathPattern[];
  readonly parse: (bytes: Buffer, req: Request) => ParsedBody;
}

type Refusal = readonly [code: ErrorCode, headers?: HeaderFields];

/** So that a connection with an unread rest is not kept waiting, however the refusal is answered. */
const TOO_LARGE: Refusal = ["body_too_large", { Connection: "close" }];
const CODING: Refusal = ["unsupported_content_encoding", { "Accept-Encoding": ACCEPTED_CODINGS }];

/** Makes what reads one kind of bodies into `req.body`, or, in report mode, looks at them and gives them back. */
export function createBodyHandler(
  guard: Guard,
  format: BodyFormat,
): (req: ParsedRequest, res: Response, next: NextFunction) => void {
  const { mediaType, reads, limit, except } = format;
  const wrongType: Refusal = ["unsupported_media_type", { Accept: mediaType }];
  const wrongCharset: Refusal = ["unsupported_charset", { Accept: mediaType }];
  const watcher = guard.enforced ? undefined : createRawReadingWatcher(guard.name);

  function checkHeaders(req: Request): Refusal | undefined {
    const field = req.headers["content-type"] ?? "";
    // The usual field needs no parsing.
    if (field !== mediaType) {
      const type = parseMediaType(field);
      if (type === undefined) return wrongType;
      if (type.charset !== undefined && !isUtf8Label(type.charset)) return wrongCharset;
    }
    if (contentCoding(req.headers["content-encoding"]) === false) return CODING;
    return (announcedLength(req) ?? 0) > limit ? TOO_LARGE : undefined;
  }

  return function handleBody(req, res, next) {
    if (except.some((pattern) => opens(pattern, req))) {
      guard.pass(next);
      return;
    }
    if (guard.enforced) leaveUnreadBody(req);
    const field = req.headers["content-type"];
    if (field === undefined || !reads(essenceOf(field)) || wasRead(req)) {
      guard.pass(next);
      return;
    }
    if (!hasContent(req)) {
      if (guard.enforced && announcedLength(req) === 0) leaveStopgap(req);
      guard.pass(next);
      return;
    }
    if (watcher !== undefined) watchAnswer(req, res, watcher);
    const refusal = checkHeaders(req);
    if (refusal !== undefined) refuse(guard, refusal, req, res, next);
    else if (req.readableEncoding === null) receive(guard, format, req, res, next);
    else throw new MountingError(`${guard.name}: something gave the request an encoding`);
  };
}

function receive(
  guard: Guard,
  { limit, parse }: BodyFormat,
  req: ParsedRequest,
  res: Response,
  next: NextFunction,
): void {
  const coding = contentCoding(req.headers["content-encoding"]);
  if (guard.enforced) readBody(req, limit, onBody);
  else peekBody(req, res, limit, onBody);

  function onBody(result: BodyResult): void {
    if (coding && typeof result === "object" && result.length > 0) {
      decompress(result, coding, limit, conclude);
    } else {
      conclude(result);
    }
  }

  function conclude(result: BodyResult): void {
    guard.resume(req, res, next, () => finish(result));
  }

  function finish(result: BodyResult): void {
    const parsed = typeof result === "string" ? result : parseBytes(result);
    if (typeof parsed === "string") {
      refuse(guard, parsed === "body_too_large" ? TOO_LARGE : [parsed], req, res, next);
      return;
    }
    if (guard.enforced) {
      if (parsed.value === undefined) leaveStopgap(req);
      else req.body = parsed.value;
      req._body = true;
    } else {
      rememberJudgedBody(req, parsed.value);
    }
    guard.allow(req);
    next();
  }

  function parseBytes(bytes: Buffer): ParsedBody {
    return bytes.length === 0 ? { value: undefined } : parse(bytes, req);
  }
}

function refuse(
  guard: Guard,
  [code, headers]: Refusal,
  req: Request,
  res: Response,
  next: NextFunction,
): void {
  guard.refuse(new HttpError(code, { headers }), req, res, next);
}
