import {
  hasContent,
  isStopgap,
  type ParsedRequest,
  wasRead,
} from "../../core/http/request-body.js";

/**
 * What there is of a body to validate.
 *
 * - `absent`: the request brings none
 * - `present`: it is in `req.body`
 * - `unaccepted`: its media type is not taken
 * - `unparsed`: its media type is taken, and nothing parsed it
 */
type BodyState = "absent" | "present" | "unaccepted" | "unparsed";

/**
 * Finds out whether `req.body` is the body. Express 4 puts `{}` there for whatever its parsers left alone, and both
 * majors do for an empty body: that must not pass for an object that the client sent.
 */
export function inspectBody(
  req: ParsedRequest,
  accepts: (mediaType: string) => boolean,
): BodyState {
  const body: unknown = req.body;
  const field = req.headers["content-type"] ?? "";
  if (!hasContent(req)) {
    // Something else than a parser may have put a body there: a serverless adapter, or a test.
    return isEmpty(body) ? "absent" : "present";
  }
  if (!accepts(field)) return "unaccepted";
  if (!isEmpty(body)) return "present";
  if (wasRead(req)) return body === undefined || isStopgap(req) ? "absent" : "present";
  // body-parser finds no body over HTTP/2 without a Content-Length.
  return "body" in req && !hasFraming(req) ? "absent" : "unparsed";
}

function hasFraming({ headers }: ParsedRequest): boolean {
  return headers["content-length"] !== undefined || headers["transfer-encoding"] !== undefined;
}

function isEmpty(body: unknown): boolean {
  if (body === undefined || body === "") return true;
  if (ArrayBuffer.isView(body)) return body.byteLength === 0;
  return (
    typeof body === "object" &&
    body !== null &&
    !Array.isArray(body) &&
    Object.keys(body).length === 0
  );
}
