import type { NextFunction, Request, Response } from "express";
import { watchAnswer } from "../core/app/watch-answer.js";
import { MountingError } from "../core/calls/mounting-error.js";
import { createGuard, type Guard } from "../core/guard/guard.js";
import { GUARD_OPTIONS, type GuardOptions, readGuardOptions } from "../core/guard/guard-options.js";
import type { Middleware } from "../core/guard/middleware.js";
import { essenceOf, isJsonEssence, parseMediaType } from "../core/http/media-type.js";
import { opens } from "../core/http/path-pattern.js";
import { readPathPatterns } from "../core/http/read-path-patterns.js";
import {
  hasContent,
  leaveStopgap,
  type ParsedRequest,
  wasRead,
} from "../core/http/request-body.js";
import type { Hints, OptionKeys } from "../core/options/option-types.js";
import { readOptions } from "../core/options/options-reader.js";
import type { ErrorCode } from "../core/refusal/error-code.js";
import { type HeaderFields, HttpError } from "../core/refusal/http-error.js";
import { ACCEPTED_CODINGS, contentCoding, decodeUtf8, decompress } from "./content/decode-body.js";
import { leaveUnreadBody } from "./content/left-body.js";
import { peekBody } from "./content/peek-body.js";
import { scanRawJson } from "./content/raw-json-scan.js";
import { createRawReadingWatcher } from "./content/raw-reading.js";
import { announcedLength, type BodyResult, readBody } from "./content/read-body.js";
import { isUtf8Label } from "./content/utf8-labels.js";

/** Options of {@link jsonBody}. */
export interface JsonBodyOptions extends GuardOptions {
  /**
   * The largest body, also after decompression. A size such as `"1mb"`, at most `"1gb"`. A larger body is answered 413
   * `body_too_large`, before reading if its `Content-Length` is too large. @default "100kb"
   */
  readonly limit?: string | undefined;
  /**
   * How deep lists and objects may be nested, 1 to 1,000: `[]` is 1 deep. Checked before parsing; 400
   * `structure_too_deep`. @default 20
   */
  readonly depth?: number | undefined;
  /**
   * Paths whose body is left for another parser, such as a webhook that needs the raw bytes: `"POST /webhooks/*"`.
   * Only the exact spelling of a path matches.
   */
  readonly except?: string | readonly string[] | undefined;
}

type Refusal = readonly [code: ErrorCode, headers?: HeaderFields];

const KEYS: OptionKeys<JsonBodyOptions> = {
  limit: true,
  depth: true,
  except: true,
  ...GUARD_OPTIONS,
};

const RAW_BYTES =
  'the raw bytes are not handed out, leave the path to a parser that keeps them: except: ["POST /webhooks/*"]';

/** What other packages call these options. */
export const JSON_BODY_HINTS: Hints<JsonBodyOptions> = {
  bodyLimit: "limit",
  maxSize: "limit",
  maxBodySize: "limit",
  maxDepth: "depth",
  exclude: "except",
  skip: 'no function decides what is left unread, name the paths in except: ["POST /webhooks/*"]',
  unless: "except",
  verify: RAW_BYTES,
  rawBody: RAW_BYTES,
  type: "leave it out, application/json and +json are read, and nothing that is not JSON by its media type",
  strict: "leave it out, only lists and objects are read",
  reviver: "leave it out, what JSON.parse makes of a body is validated and handed on",
  inflate: "leave it out, gzip, deflate and br are decompressed, and limit counts what comes out",
};

/** So that a connection with an unread rest is not kept waiting, however the refusal is answered. */
const CLOSE: HeaderFields = { Connection: "close" };
const REFUSALS = {
  mediaType: ["unsupported_media_type", { Accept: "application/json" }],
  charset: ["unsupported_charset", { Accept: "application/json" }],
  coding: ["unsupported_content_encoding", { "Accept-Encoding": ACCEPTED_CODINGS }],
  tooLarge: ["body_too_large", CLOSE],
} as const satisfies Record<string, Refusal>;

/**
 * Reads JSON bodies (`application/json` and `+json`) into `req.body`, and refuses what parsers read in different ways:
 * anything but UTF-8, member names that stand twice, `__proto__`, deep nesting. Takes the place of `express.json()`;
 * a body parser mounted later finds the body read.
 *
 * Other media types, paths in `except`, requests without content, and bodies that somebody read are left alone. But for
 * `except`, `req.body` is then what `express.json()` leaves: `undefined` on Express 5, `{}` on Express 4. Content codings: gzip, deflate, br. It sets no time limit: Node's `server.requestTimeout` does.
 *
 * Answers 400 `malformed_json`, `malformed_body`, `invalid_encoding`, `duplicate_key`, `forbidden_key`,
 * `structure_too_deep`; 413 `body_too_large`; 415 `unsupported_media_type`, `unsupported_charset`,
 * `unsupported_content_encoding`. In report mode the body is given back to whatever parses next.
 *
 * @throws {@link OptionsError} when an option is unknown or wrong.
 * @see https://www.rfc-editor.org/rfc/rfc8259#section-8.1
 */
export function jsonBody(options: JsonBodyOptions = {}): Middleware {
  const reader = readOptions<JsonBodyOptions>(
    "jsonBody",
    options,
    KEYS,
    JSON_BODY_HINTS,
    "jsonBody()",
  );
  const limit = reader.size("limit", { default: "100kb", max: "1gb" });
  const depth = reader.integer("depth", { default: 20, min: 1, max: 1000 });
  const except = readPathPatterns(reader, "except", "leave jsonBody out") ?? [];
  const guardOptions = readGuardOptions(reader);
  reader.finish();
  const guard = createGuard("jsonBody", "validation", guardOptions);
  const watcher = guard.enforced ? undefined : createRawReadingWatcher(guard.name);

  return guard.middleware((req: ParsedRequest, res, next) => {
    if (except.some((pattern) => opens(pattern, req))) {
      guard.pass(next);
      return;
    }
    if (guard.enforced) leaveUnreadBody(req);
    if (!namesJson(req) || wasRead(req)) {
      guard.pass(next);
      return;
    }
    if (!hasContent(req)) {
      if (guard.enforced && announcedLength(req) === 0) leaveStopgap(req);
      guard.pass(next);
      return;
    }
    if (watcher !== undefined) watchAnswer(req, res, watcher);
    const refusal = checkHeaders(req, limit);
    if (refusal !== undefined) refuse(guard, refusal, req, res, next);
    else if (req.readableEncoding === null) receive(guard, limit, depth, req, res, next);
    else throw new MountingError("jsonBody: something gave the request an encoding");
  });
}

function namesJson(req: Request): boolean {
  const field = req.headers["content-type"];
  return field !== undefined && isJsonEssence(essenceOf(field));
}

function receive(
  guard: Guard,
  limit: number,
  depth: number,
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
    const parsed = typeof result === "string" ? result : parseJson(result, depth);
    if (typeof parsed === "string") {
      const refusal = parsed === "body_too_large" ? REFUSALS.tooLarge : ([parsed] as const);
      refuse(guard, refusal, req, res, next);
      return;
    }
    if (guard.enforced) {
      if (parsed.value === undefined) leaveStopgap(req);
      else req.body = parsed.value;
      req._body = true;
    }
    guard.allow(req);
    next();
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

function checkHeaders(req: Request, limit: number): Refusal | undefined {
  const field = req.headers["content-type"] ?? "";
  // The usual field needs no parsing.
  if (field !== "application/json") {
    const type = parseMediaType(field);
    if (type === undefined) return REFUSALS.mediaType;
    if (type.charset !== undefined && !isUtf8Label(type.charset)) return REFUSALS.charset;
  }
  if (contentCoding(req.headers["content-encoding"]) === false) return REFUSALS.coding;
  return (announcedLength(req) ?? 0) > limit ? REFUSALS.tooLarge : undefined;
}

/** The value, `undefined` for an empty body, or the code of the refusal. */
function parseJson(bytes: Buffer, depth: number): { readonly value: unknown } | ErrorCode {
  if (bytes.length === 0) return { value: undefined };
  const text = decodeUtf8(bytes);
  if (text === undefined) return "invalid_encoding";
  // Handlers expect to find members: like express.json(), only objects and lists are taken.
  if (!/^[\t\n\r ]*[{[]/.test(text)) return "malformed_json";
  const fault = scanRawJson(text, depth);
  if (fault !== undefined) return fault;
  try {
    return { value: JSON.parse(text) };
  } catch {
    return "malformed_json";
  }
}
