import type { Request } from "express";
import { requestSlot } from "../request/request-slot.js";

/** What body parsers leave on a request. `_body` is body-parser's own mark for a body that was read. */
export type ParsedRequest = Request & { _body?: boolean };

/** The `req.body` that a parser of ours left where there was no content. */
const stopgap = requestSlot<object>("bodyStopgap");

/** What a parser of ours in report mode would have put into `req.body`. */
const judged = requestSlot<{ readonly value: unknown }>("judgedBody");

/** Remembers the body that a reporting parser gives back, for later guards that report as well. */
export function rememberJudgedBody(req: Request, value: unknown): void {
  judged.set(req, { value });
}

/** What {@link rememberJudgedBody} remembered. */
export function judgedBodyOf(req: Request): { readonly value: unknown } | undefined {
  return judged.get(req);
}

/**
 * Whether the request brings content (RFC 9112 §6.3); a `Content-Length` of 0 brings none. HTTP/2 has frames for it, and
 * needs no `Content-Length` (RFC 9113 §8.1.1).
 */
export function hasContent(req: Request): boolean {
  const { "transfer-encoding": coding, "content-length": length } = req.headers;
  if (coding !== undefined) return true;
  if (length !== undefined) return Number(length) > 0;
  return req.httpVersionMajor === 2 && hasFrames(req);
}

/** Whether somebody has read the content to its end. */
export function wasRead(req: ParsedRequest): boolean {
  return req._body === true || req.readableEnded;
}

/**
 * Whether there is nothing in this body. Express 4 puts `{}` there for whatever its parsers left alone, so where nothing
 * has read the content, it says nothing about it.
 */
export function isEmptyBody(body: unknown): boolean {
  if (body === undefined || body === null || body === "") return true;
  if (ArrayBuffer.isView(body)) return body.byteLength === 0;
  return typeof body === "object" && !Array.isArray(body) && Object.keys(body).length === 0;
}

/** Puts `{}` into `req.body`, where it stands for no content, and remembers that nobody sent it. */
export function leaveStopgap(req: Request): void {
  const body = {};
  req.body = body;
  stopgap.set(req, body);
}

/** Whether `req.body` is what {@link leaveStopgap} put there. */
export function isStopgap(req: Request): boolean {
  const left = stopgap.get(req);
  return left !== undefined && req.body === left;
}

function hasFrames(req: Request): boolean {
  const { stream } = req as { stream?: { readonly endAfterHeaders?: boolean } };
  return stream?.endAfterHeaders === false;
}
