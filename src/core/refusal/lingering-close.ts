import type { Request, Response } from "express";
import { cutOff } from "../request/cut-off.js";

/** Long enough for a client to notice the answer, short enough not to be worth an attack. */
const LINGER_MS = 2000;
const LINGER_BYTES = 32 * 1024 ** 2;

/**
 * Sends the whole body of an answer and closes the connection once the client has stopped sending its own, or after
 * two seconds or 32 MB of it, which are thrown away.
 *
 * Closing at once, with bytes still arriving, makes the system reset the connection, and the client loses the answer
 * (RFC 9112 §9.6).
 */
export function endLingering(body: string, req: Request, res: Response): void {
  let left = LINGER_BYTES;
  const deadline = setTimeout(finish, LINGER_MS).unref();

  function discard(chunk: Buffer | string): void {
    left -= chunk.length;
    if (left < 0) finish();
  }

  function finish(): void {
    clearTimeout(deadline);
    req.removeListener("data", discard);
    req.removeListener("end", finish);
    req.removeListener("close", finish);
    try {
      res.end();
    } catch {
      // A hook of another package that fails once the head is sent: nobody else would catch it here.
      cutOff(req, res);
    }
  }

  res.write(body);
  req.on("data", discard);
  req.once("end", finish);
  req.once("close", finish);
  req.resume();
}
