import type { Response } from "express";

/**
 * How a request ended whose answer is not complete: the client went away or cancelled; the server, the app or a timeout of
 * theirs closed the connection; or neither had happened when the log was closed or the process exited.
 */
export type Ending = "client_left" | "server_closed" | "still_open";

/** What is asked of a connection that is closed. */
interface ClosedSocket {
  readonly readableEnded?: unknown;
  readonly errored?: unknown;
}

interface Http2Response {
  readonly stream?: { readonly rstCode?: unknown; readonly errored?: unknown } | null;
}

/** NGHTTP2_CANCEL: the client does not want the answer any more, or its connection is gone. */
const CANCEL = 8;

/**
 * Who ended a connection before the answer was complete. Asked when it is closed.
 *
 * @param socket - Kept from the beginning: a closed response has none.
 */
export function whoEnded(socket: unknown, res: Response): Exclude<Ending, "still_open"> {
  try {
    const { stream } = res as Http2Response;
    if (typeof stream?.rstCode === "number") {
      // What is destroyed here never finishes; what the client resets does, whatever the app has sent by then.
      const left = stream.rstCode === CANCEL || res.writableFinished || isOfSystem(stream.errored);
      return left ? "client_left" : "server_closed";
    }
    const { readableEnded, errored } = (socket ?? {}) as ClosedSocket;
    return readableEnded === true || isOfSystem(errored) ? "client_left" : "server_closed";
  } catch {
    // A stand-in for a connection, or for a response.
    return "server_closed";
  }
}

/** Whether the connection failed: Node's own errors, of its parser and its timeouts, have no number. */
function isOfSystem(error: unknown): boolean {
  return typeof (error as { readonly errno?: unknown } | null)?.errno === "number";
}
