import type { Readable } from "node:stream";
import type { Response } from "express";

/**
 * Ends what is piped into a response that takes nothing any more: it would wait for `drain` forever, with its file or its
 * connection open. Streams that were piped into it before end with the response: see {@link releaseSources}.
 */
export function endPipes(res: Response): void {
  res.on("pipe", (source: Readable) => {
    // `pipe` itself begins to read behind this event.
    process.nextTick(() => source.unpipe?.(res));
  });
  releaseSources(res);
}

/**
 * Destroys the streams that a response lets go of, as `stream.pipeline` does when one end is gone. Those that are read by
 * something else go on.
 */
export function releaseSources(res: Response): void {
  res.on("unpipe", (source: Readable) => {
    process.nextTick(() => {
      // On the connection of the request another one may follow.
      if (source === res.req) source.resume();
      else if (source.listenerCount("data") + source.listenerCount("readable") === 0)
        source.destroy?.();
    });
  });
}
