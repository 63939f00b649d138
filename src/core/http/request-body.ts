import type { IncomingHttpHeaders } from "node:http";
import type { Request } from "express";

/** What body parsers leave on a request. `_body` is body-parser's own mark for a body that was read. */
export type ParsedRequest = Request & { _body?: boolean };

/** Whether the request brings content (RFC 9112 §6.3); a `Content-Length` of 0 brings none. */
export function hasContent(headers: IncomingHttpHeaders): boolean {
  return headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;
}

/** Whether somebody has read the content to its end. */
export function wasRead(req: ParsedRequest): boolean {
  return req._body === true || req.readableEnded;
}
