import { STATUS_CODES } from "node:http";
import type { Request, Response } from "express";
import { headerFault } from "./header-fields.js";
import { HttpError } from "./http-error.js";
import { endLingering } from "./lingering-close.js";
import { PROBLEM_MEDIA_TYPE, type Problem, requestId } from "./problem-details.js";

/** Another form in which a refusal is sent than as a problem document. */
export interface AnswerForm {
  /** `Content-Type`, and what else belongs to the form. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** The body. What it throws is answered as `internal_error`. */
  readonly render: (problem: Problem) => string;
}

/** A refusal as it is sent. */
interface Rendered {
  readonly status: number;
  readonly body: string;
}

const PROBLEM_FORM: AnswerForm = Object.freeze({
  headers: [["Content-Type", PROBLEM_MEDIA_TYPE]] as const,
  render: (problem: Problem) => JSON.stringify(problem),
});

/** What somebody may have promised about another body. */
const STALE_FIELDS: readonly string[] = [
  "Accept-Ranges",
  "Content-Digest",
  "Content-Location",
  "Content-MD5",
  "Digest",
  "Repr-Digest",
  // Caches in front of the server heed these more than Cache-Control: RFC 9213.
  "CDN-Cache-Control",
  "Cloudflare-CDN-Cache-Control",
  "Surrogate-Control",
  "Expires",
  "ETag",
  "Last-Modified",
  "Content-Disposition",
  "Content-Encoding",
  "Content-Language",
  "Content-Range",
  "Location",
  "Refresh",
  "Trailer",
  "Transfer-Encoding",
];

/** Fields of HTTP/1 that an answer over HTTP/2 cannot have: RFC 9113 §8.2.2. */
const OF_THE_CONNECTION: ReadonlySet<string> = new Set([
  "connection",
  "http2-settings",
  "keep-alive",
  "proxy-connection",
  "upgrade",
]);

/**
 * Sends the refusal as a problem document, or in another form: not stored by caches, no body on HEAD. Call it before an answer has begun.
 *
 * A refusal that cannot be rendered, such as a forged one or that of a subclass with a fault, is sent as
 * `internal_error`.
 */
export function respond(
  error: HttpError,
  req: Request,
  res: Response,
  form: AnswerForm = PROBLEM_FORM,
): void {
  const id = requestId.get(req);
  const rendered = render(() => error.toProblem(), id, form);
  for (const name of STALE_FIELDS) res.removeHeader(name);
  if (rendered !== undefined) setErrorHeaders(error, req, res);
  send(rendered ?? renderOwn(new HttpError("internal_error"), id, form), form, req, res);
}

/**
 * Puts the headers of a refusal on the response. Those that cannot be sent are left out: it may be of another copy. Over
 * HTTP/2, which has no `Connection`, the stream is closed in its place.
 */
export function setErrorHeaders(error: HttpError, req: Request, res: Response): void {
  for (const [name, value] of fieldsOf(error)) {
    if (headerFault(name, value) !== undefined) continue;
    if (req.httpVersionMajor >= 2 && OF_THE_CONNECTION.has(name.toLowerCase())) {
      if (name.toLowerCase() === "connection") closeAfterAnswer(req);
      continue;
    }
    res.setHeader(name, typeof value === "string" ? value : [...value]);
  }
}

function fieldsOf(error: HttpError): readonly [string, string | readonly string[]][] {
  try {
    return Object.entries(error.headers);
  } catch {
    return [];
  }
}

function render(
  toProblem: () => Problem,
  id: string | undefined,
  form: AnswerForm,
): Rendered | undefined {
  try {
    const problem = toProblem();
    const { status } = problem;
    if (!Number.isInteger(status) || status < 400 || status > 599) return undefined;
    // What a `toJSON` of another copy returns may be no text.
    const body: unknown = form.render(id === undefined ? problem : { ...problem, requestId: id });
    return typeof body === "string" ? { status, body } : undefined;
  } catch {
    return undefined;
  }
}

function renderOwn(error: HttpError, id: string | undefined, form: AnswerForm): Rendered {
  const problem = error.toProblem();
  return {
    status: error.status,
    body: form.render(id === undefined ? problem : { ...problem, requestId: id }),
  };
}

function send({ status, body }: Rendered, form: AnswerForm, req: Request, res: Response): void {
  res.statusCode = status;
  // A text that a handler set for another status; HTTP/2 has none, and warns when it is touched.
  if (req.httpVersionMajor < 2 && res.statusMessage) res.statusMessage = STATUS_CODES[status] ?? "";
  for (const [name, value] of form.headers) res.setHeader(name, value);
  res.setHeader("Content-Length", Buffer.byteLength(body));
  res.setHeader("Cache-Control", "no-store");
  if (req.method === "HEAD") {
    res.end();
  } else if (!hasUnreadBody(req)) {
    res.end(body);
  } else if (req.httpVersionMajor >= 2) {
    closeAfterAnswer(req);
    res.end(body);
  } else {
    // The rest of the body would have to be read before the next request: closing is cheaper and safer.
    res.setHeader("Connection", "close");
    endLingering(body, req, res);
  }
}

function hasUnreadBody(req: Request): boolean {
  if (req.complete || req.readableEnded) return false;
  if (req.httpVersionMajor >= 2) return streamOf(req)?.endAfterHeaders !== true;
  return (
    req.headers["transfer-encoding"] !== undefined || Number(req.headers["content-length"] ?? 0) > 0
  );
}

/** What Node.js has for a request over HTTP/2. */
interface RequestStream {
  /** Whether the request came without content. */
  readonly endAfterHeaders?: boolean;
  /** The response has no such event before the stream is closed. */
  once?(event: "finish", listener: () => void): void;
  /** Without an error code, it lets what is under way arrive. */
  close?(): void;
}

function streamOf(req: Request): RequestStream | undefined {
  return (req as { stream?: RequestStream }).stream;
}

/** The client need not send the rest of its body: RFC 9113 §8.1. Other requests on the connection go on. */
function closeAfterAnswer(req: Request): void {
  const stream = streamOf(req);
  stream?.once?.("finish", () => {
    stream.close?.();
    // Node.js keeps a stream whose body was begun until the rest that has arrived was taken: nobody else does.
    req.resume();
  });
}
