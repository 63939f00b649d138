import { AsyncResource } from "node:async_hooks";
import type { Request } from "express";
import type { ErrorCode } from "../../refusal/error-code.js";

/** How reading ended: with the bytes, or with the code of the refusal. */
export type BodyResult = Buffer | Extract<ErrorCode, "body_too_large" | "malformed_body">;

/**
 * Reads the body to its end, holding at most `limit` bytes of it.
 *
 * When the client goes away the callback is never called: there is nobody to answer. It runs in the asynchronous
 * context of the caller, because stream events run in that of the connection, where an `AsyncLocalStorage` is empty.
 */
export function readBody(req: Request, limit: number, done: (result: BodyResult) => void): void {
  const resource = new AsyncResource("readBody");
  const announced = announcedLength(req);
  const chunks: Buffer[] = [];
  let size = 0;

  function onData(chunk: Buffer): void {
    size += chunk.length;
    if (size <= limit) {
      chunks.push(chunk);
      return;
    }
    stop();
    req.pause();
    resource.runInAsyncScope(done, undefined, "body_too_large");
  }

  function onEnd(): void {
    stop();
    const [only] = chunks;
    const bytes = chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks, size);
    // Fewer bytes than announced: somebody else took a part of them.
    const whole = announced === undefined || announced === size;
    resource.runInAsyncScope(done, undefined, whole ? bytes : "malformed_body");
  }

  // Not `off`: cls-hooked, which exchanges the listeners while it emits, sees only this one.
  function stop(): void {
    req.removeListener("data", onData);
    req.removeListener("end", onEnd);
    req.removeListener("close", stop);
  }

  req.on("data", onData);
  req.on("end", onEnd);
  req.on("close", stop);
  // Somebody may have paused the request for work of their own, and left it so.
  if (req.isPaused()) req.resume();
}

/** The `Content-Length`, or `undefined` for a chunked body. */
export function announcedLength(req: Request): number | undefined {
  const field = req.headers["content-length"];
  return field === undefined ? undefined : Number(field);
}
