import type { Request, Response } from "express";
import { whenOver } from "./request-end.js";

/** A timer of Node fires at once beyond this. */
const LONGEST_TIMER_MS = 2_147_483_647;

/** The requests of a process that wait for their turn: at most so many, because each holds a connection. */
export class HeldRequests {
  readonly #max: number;
  #count = 0;

  constructor(max: number) {
    this.#max = max;
  }

  /**
   * Holds a request for so long.
   *
   * @param leave - Called when its client leaves before that.
   * @returns A promise that is fulfilled when it is over, in either way; `undefined` when there is no room.
   */
  hold(req: Request, res: Response, delayMs: number, leave: () => void): Promise<void> | undefined {
    if (this.#count >= this.#max || delayMs > LONGEST_TIMER_MS) return undefined;
    this.#count += 1;
    return new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        stop();
        this.#count -= 1;
        resolve();
      };
      const timer = setTimeout(end, delayMs);
      let stop = (): void => undefined;
      stop = whenOver(req, res, () => {
        leave();
        end();
      });
    });
  }
}
