import type { ServerResponse } from "node:http";

/**
 * Whether the answer was sent to its end, asked when it finishes. Over HTTP/2 an answer finishes as well when the client
 * cancels the request, whatever the app has sent by then. Stand-ins for responses may not say.
 */
export function isSent({ writableEnded, writableFinished }: ServerResponse): boolean {
  return (writableEnded as unknown) !== false && (writableFinished as unknown) !== false;
}
