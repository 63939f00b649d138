import type { Request, Response } from "express";
import { whenOver } from "../../core/request/request-end.js";

/** A timer of Node fires at once beyond this. */
const LONGEST_TIMER_MS = 2_147_483_647;

/** A request that waits for its turn. */
interface Held {
  /** For how long, from the moment at which it was held. */
  delayMs(): number;
  /** Asks to be told when that has become shorter, or no more. */
  watch(moved: (() => void) | undefined): void;
  /** Its client has left. */
  leave(): void;
}

/** The requests of a process that wait for their turn: at most so many, because each holds a connection. */
export class HeldRequests {
  readonly #max: number;
  readonly #moved = new Set<() => void>();
  #count = 0;

  constructor(max: number) {
    this.#max = max;
  }

  /**
   * Holds a request.
   *
   * @returns A promise that is fulfilled when it is over, in either way; `undefined` when there is no room.
   */
  hold(req: Request, res: Response, { delayMs, watch, leave }: Held): Promise<void> | undefined {
    const longest = delayMs();
    if (this.#count >= this.#max || longest > LONGEST_TIMER_MS) return undefined;
    this.#count += 1;
    const start = performance.now();
    return new Promise((resolve) => {
      let stop = (): void => undefined;
      const end = (): void => {
        clearTimeout(timer);
        this.#moved.delete(move);
        watch(undefined);
        stop();
        this.#count -= 1;
        resolve();
      };
      const move = (): void => {
        clearTimeout(timer);
        timer = setTimeout(end, start + delayMs() - performance.now());
      };
      let timer = setTimeout(end, longest);
      watch(() => this.#moveSoon(move));
      stop = whenOver(req, res, () => {
        leave();
        end();
      });
    });
  }

  /** When many leave at once, those behind them are moved up once. */
  #moveSoon(move: () => void): void {
    if (this.#moved.size === 0) setImmediate(() => this.#moveUp());
    this.#moved.add(move);
  }

  #moveUp(): void {
    const moves = [...this.#moved];
    this.#moved.clear();
    for (const move of moves) move();
  }
}
