import type { IncomingMessage, ServerResponse } from "node:http";

/**
 * Whether the client is gone for good: its connection, or its HTTP/2 stream, was destroyed. Nobody gets an answer, and
 * the connection no longer says whose it was. A request without a connection, as serverless adapters make it, is not.
 */
export function isGone(req: IncomingMessage, res: ServerResponse): boolean {
  // On HTTP/2 the socket of a request tells about its stream.
  const socket: { readonly destroyed?: unknown } | null | undefined = req.socket;
  return res.destroyed === true || socket?.destroyed === true;
}
