import { AsyncResource } from "node:async_hooks";
import type { Request, Response } from "express";
import type { BodyResult } from "../../core/http/bodies/read-body.js";

/**
 * Looks at the body as `readBody` does, and gives every byte back: whoever reads the request next gets the whole body.
 *
 * The bytes are put back before `end` is emitted, which a stream allows only within the tick of the last read. A body
 * beyond the limit is put back as far as it was read, and the rest flows on untouched.
 */
export function peekBody(
  req: Request,
  res: Response,
  limit: number,
  done: (result: BodyResult) => void,
): void {
  const resource = new AsyncResource("jsonBody");
  const chunks: Buffer[] = [];
  let size = 0;

  function onReadable(): void {
    // Reading an empty stream that has ended would emit "end".
    while (req.readableLength > 0 && size <= limit) {
      const chunk: Buffer | null = req.read();
      if (chunk === null) break;
      chunks.push(chunk);
      size += chunk.length;
    }
    if (size > limit || hasArrived(req)) finish();
  }

  function finish(): void {
    stop();
    const bytes =
      chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks);
    if (size > 0) req.unshift(bytes);
    // Node discards an unread body once the answer is sent, but not one that was read in part: the connection would
    // wait for a reader for ever.
    if (!hasArrived(req)) res.once("finish", () => req.resume());
    resource.runInAsyncScope(done, undefined, size > limit ? "body_too_large" : bytes);
  }

  // Not `off`: cls-hooked, which exchanges the listeners while it emits, sees only this one.
  function stop(): void {
    req.removeListener("readable", onReadable);
    req.removeListener("close", stop);
  }

  req.on("close", stop);
  // Listening to an empty body that came in one packet with the head would emit "end": by the next tick one knows.
  process.nextTick(() => {
    if (hasArrived(req) && req.readableLength === 0) finish();
    else req.on("readable", onReadable);
  });
}

/**
 * Whether the last byte is here, before "end" is emitted. `complete` says so for HTTP/1.1 only: over HTTP/2 it waits for
 * "end", and the requests of adapters (serverless, light-my-request) do not have it. Streams have no public member for it.
 */
function hasArrived(
  req: Request & { readonly _readableState?: { readonly ended?: boolean } },
): boolean {
  return req.complete || req._readableState?.ended === true;
}
