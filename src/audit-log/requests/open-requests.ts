import type { Request, Response } from "express";
import { addExitHook, removeExitHook } from "../process/exit-hooks.js";

/** An app may remove all listeners of "exit": ours is put back now and then. */
const REQUESTS_PER_HOOK = 256;

/**
 * The requests that are not answered yet: as many as the server has open. They are told when the log closes or the process
 * exits, because nobody will tell of them later.
 */
export class OpenRequests<Answer extends Response> {
  // Places are taken again: a set makes a table anew every few requests, and what lies in tables that are garbage already
  // survives the next collections of the young generation, with all that hangs on it.
  readonly #places: (Answer | undefined)[] = [];
  readonly #free: number[] = [];
  readonly #tell: (res: Answer, ending: "still_open" | undefined) => void;
  readonly #settle: () => void;
  readonly #hook: () => void;
  readonly #onRequestClose: (this: Request) => void;
  #added = 0;

  /**
   * @param tell - Writes the record of a request that is still open, or whose connection is gone; called for one that has
   * been told, too, and must not throw.
   * @param settle - Is called when all of them were told.
   */
  constructor(tell: (res: Answer, ending: "still_open" | undefined) => void, settle: () => void) {
    this.#tell = tell;
    this.#settle = settle;
    this.#hook = hookOf(new WeakRef(this));
    this.#onRequestClose = function onRequestClose() {
      const { res, socket } = this;
      const gone = socket === null || socket.destroyed || socket.readableEnded || this.errored;
      if (gone && res !== undefined) tell(res as Answer, undefined);
    };
  }

  /** @returns Its place, for {@link delete}. */
  add(res: Answer, req: Request): number {
    if (this.#added % REQUESTS_PER_HOOK === 0) addExitHook(this.#hook);
    this.#added += 1;
    const place = this.#free.pop() ?? this.#places.length;
    this.#places[place] = res;
    // Behind another request on its connection, an answer has no connection yet, and Node does not close it with that.
    if ((res.socket as unknown) === null) req.once("close", this.#onRequestClose);
    return place;
  }

  delete(place: number): void {
    this.#places[place] = undefined;
    this.#free.push(place);
  }

  /** Tells of all that are open, and of none at exit. */
  close(): void {
    removeExitHook(this.#hook);
    this.flush();
  }

  flush(): void {
    // One by one: a sink may end the process, and the hook tells the rest.
    for (const res of this.#places) if (res !== undefined) this.#tell(res, "still_open");
    this.#settle();
  }
}

/** The hook belongs to the process: a log that nobody uses any more must not stay for it. */
function hookOf(requests: WeakRef<{ flush(): void }>): () => void {
  return () => requests.deref()?.flush();
}
