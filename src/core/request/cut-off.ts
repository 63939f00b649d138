import type { IncomingMessage, ServerResponse } from "node:http";

/**
 * Ends the connection of a request that can get no proper answer: the last thing left, so it never throws, whatever was
 * done to the response.
 */
export function cutOff(req: IncomingMessage, res: ServerResponse): void {
  const ways = [() => res.destroy(), () => req.socket.destroy(), () => res.end()];
  for (const cut of ways) {
    try {
      cut();
      return;
    } catch {
      // A response of a test tool or an adapter may lack the method; a frozen one cannot be destroyed.
    }
  }
}
