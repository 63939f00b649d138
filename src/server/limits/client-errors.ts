import type { EventEmitter } from "node:events";
import { STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import { HttpError } from "../../core/refusal/http-error.js";
import { PROBLEM_MEDIA_TYPE } from "../../core/refusal/problem-details.js";
import { type Connections, isReceiving } from "../connections/connections.js";
import type { LimitCounts } from "./limit-counts.js";
import { Turns } from "./turns.js";

interface RawAnswer {
  readonly bytes: Buffer;
  readonly count: "malformed" | "tooLarge" | "slowRequests";
}

/** What Node says about a request that it cannot read. */
type ClientError = Error & { readonly code?: unknown };

/** RFC 6585 §5. */
const HEAD_TOO_LARGE = 431;
/** Long enough for a client to notice the answer. */
const LINGER_MS = 2000;

const MALFORMED = rawAnswer(new HttpError("bad_request"), "malformed");
const ANSWERS: ReadonlyMap<unknown, RawAnswer> = new Map([
  ["ERR_HTTP_REQUEST_TIMEOUT", rawAnswer(new HttpError("request_timeout"), "slowRequests")],
  [
    "HPE_HEADER_OVERFLOW",
    rawAnswer(new HttpError("request_refused", { status: HEAD_TOO_LARGE }), "tooLarge"),
  ],
  ["HPE_CHUNK_EXTENSIONS_OVERFLOW", rawAnswer(new HttpError("body_too_large"), "tooLarge")],
]);

/**
 * Answers requests that Node cannot read, and that no middleware sees therefore, with a problem document that has the
 * header fields of `secureHeaders`' API preset, and counts them. Where the app has a `clientError` listener of its own,
 * that one answers.
 *
 * @returns What takes it away again.
 * @see https://www.rfc-editor.org/rfc/rfc6585#section-5
 */
export function answerClientErrors(connections: Connections, counts: LimitCounts): () => void {
  const emitter: EventEmitter = connections.server;
  const turns = new Turns();
  // Node tells of each further chunk of a request that is broken already.
  const answered = new WeakSet<Socket>();

  function onClientError(error: ClientError, socket: Socket): void {
    if (answered.has(socket)) return;
    answered.add(socket);
    // Of a handshake that failed there is nobody to answer, and no request.
    if (connections.protocol.secure && connections.carrierOf(socket) === undefined) {
      if (emitter.listenerCount("clientError") === 1) socket.destroy();
      return;
    }
    const { bytes, count } = ANSWERS.get(error.code) ?? MALFORMED;
    const isLost = error.code === "ECONNRESET" || error.code === "EPIPE";
    if (!isLost) counts[count] += 1;
    if (emitter.listenerCount("clientError") > 1) return;
    turns.take(() => {
      if (isLost || !socket.writable || !mayAnswer(connections, socket)) socket.destroy();
      else endWith(bytes, socket);
    });
  }

  emitter.on("clientError", onClientError);
  return () => {
    emitter.off("clientError", onClientError);
    turns.close();
  };
}

function mayAnswer(connections: Connections, socket: Socket): boolean {
  const carrier = connections.carrierOf(socket);
  if (carrier === undefined) return true;
  const [res, ...others] = carrier.open;
  // A client that has asked for nothing would take it for the answer to its next request.
  if (res === undefined) return isReceiving(carrier);
  // And the client would take it for the rest of an answer, or for that to a request before the one that is wrong.
  const isLater = others.length > 0 || connections.exchanges.get(res)?.req.complete === true;
  return !res.headersSent && !isLater;
}

function endWith(bytes: Buffer, socket: Socket): void {
  const deadline = setTimeout(() => socket.destroy(), LINGER_MS).unref();
  socket.once("close", () => clearTimeout(deadline));
  socket.end(bytes);
  // With bytes still arriving, closing at once makes the system reset the connection: RFC 9112 §9.6.
  socket.resume();
}

function rawAnswer(error: HttpError, count: RawAnswer["count"]): RawAnswer {
  const body = JSON.stringify(error.toProblem());
  const head = [
    `HTTP/1.1 ${error.status} ${STATUS_CODES[error.status]}`,
    `Content-Type: ${PROBLEM_MEDIA_TYPE}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    "Cache-Control: no-store",
    "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options: nosniff",
    "Connection: close",
  ];
  return { bytes: Buffer.from(`${head.join("\r\n")}\r\n\r\n${body}`), count };
}
