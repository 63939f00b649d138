import type { NextFunction, Request, Response } from "express";
import { MountingError } from "../../core/calls/mounting-error.js";
import type { Guard } from "../../core/guard/guard.js";
import { announcedLength, type BodyResult, readBody } from "../../core/http/bodies/read-body.js";
import { parseMediaType } from "../../core/http/media-type.js";
import {
  hasContent,
  isStopgap,
  type ParsedRequest,
  wasRead,
} from "../../core/http/request-body.js";
import type { ErrorCode } from "../../core/refusal/error-code.js";
import { type HeaderFields, HttpError } from "../../core/refusal/http-error.js";

/** The two of the standards, and what old versions of Safari send. */
const MEDIA_TYPES = ["application/reports+json", "application/csp-report", "application/json"];
const TAKEN =
  "reportCollector: something in front has read the report and left nothing of it in req.body";
const ENCODED = "reportCollector: something gave the request an encoding";

/**
 * Reads the body of a delivery, or takes what a parser in front has made of it, and hands it on; what no browser sends is
 * refused. It holds at most `maxBytes` of it.
 */
export function readReportBody(
  guard: Guard,
  maxBytes: number,
  req: ParsedRequest,
  res: Response,
  next: NextFunction,
  done: (body: unknown) => void,
): void {
  const refuse = (code: ErrorCode, headers?: HeaderFields): void =>
    guard.refuse(new HttpError(code, { headers }), req, res, next);
  const tooLarge = (): void => refuse("body_too_large", { Connection: "close" });
  const finish = (text: string): void => {
    let body: unknown;
    try {
      body = JSON.parse(text);
    } catch {
      refuse("malformed_json");
      return;
    }
    done(body);
  };

  const essence = parseMediaType(req.headers["content-type"] ?? "")?.essence ?? "";
  if (!MEDIA_TYPES.includes(essence)) {
    refuse("unsupported_media_type", { Accept: MEDIA_TYPES.join(", ") });
    return;
  }
  if ((announcedLength(req) ?? 0) > maxBytes) {
    tooLarge();
    return;
  }
  if (wasRead(req)) {
    const text = textOf(req);
    if (text === undefined) done(req.body);
    else if (Buffer.byteLength(text) > maxBytes) tooLarge();
    else finish(text.toString());
    return;
  }
  if (!isPlain(req)) {
    refuse("unsupported_content_encoding", { "Accept-Encoding": "identity" });
    return;
  }
  if (req.readableEncoding !== null) throw new MountingError(ENCODED);
  readBody(req, maxBytes, (result: BodyResult) => {
    guard.resume(req, res, next, () => {
      if (result === "body_too_large") tooLarge();
      else if (typeof result === "string") refuse(result);
      else finish(result.toString());
    });
  });
}

/** What a parser in front has left as text or bytes; `undefined` where it is parsed. */
function textOf(req: ParsedRequest): string | Buffer | undefined {
  const body: unknown = req.body;
  if (typeof body === "string") return body;
  if (body instanceof Uint8Array) return Buffer.from(body.buffer, body.byteOffset, body.length);
  // What `express.json()` of Express 4 and its like have read, they say so; in Express 5 they leave nothing of what they did
  // not read. So `{}`, `[]` and `null` are what was sent.
  if (req._body === true) return undefined;
  if (!hasContent(req)) return "";
  if (body !== undefined && !isStopgap(req)) return undefined;
  throw new MountingError(TAKEN);
}

function isPlain({ headers }: Request): boolean {
  const coding = headers["content-encoding"]?.trim().toLowerCase() ?? "";
  return coding === "" || coding === "identity";
}
