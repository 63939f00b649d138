import type { IncomingMessage, ServerResponse } from "node:http";

/** INTERNAL_ERROR of RFC 9113 §7. */
const INTERNAL_ERROR = 2;

/**
 * Ends the connection of a request that can get no proper answer: the last thing left, so it never throws, whatever was
 * done to the response.
 */
export function cutOff(req: IncomingMessage, res: ServerResponse): void {
  const ways = [
    () => resetStream(req),
    () => res.destroy(),
    () => req.socket.destroy(),
    () => res.end(),
  ];
  for (const cut of ways) {
    try {
      if (cut() !== false) return;
    } catch {
      // A response of a test tool or an adapter may lack the method; a frozen one cannot be destroyed.
    }
  }
}

/**
 * A stream of HTTP/2 that is destroyed without a code looks to the client as one that has come to its end: half an answer
 * would be taken for the whole.
 *
 * @returns Whether there is such a stream.
 */
function resetStream(req: IncomingMessage): boolean {
  const { stream } = req as { readonly stream?: { close?(code: number): void } };
  if (!(req.httpVersionMajor >= 2) || typeof stream?.close !== "function") return false;
  stream.close(INTERNAL_ERROR);
  return true;
}
