import type { Response } from "express";

/** Called with `false` when the client has left. */
type Waiter = (isTurn: boolean) => void;

/** Those who wait behind one address, in the order in which they came. */
interface Line {
  readonly waiters: Set<Waiter>;
  running: number;
}

/** Signatures that are checked between two looks at the network: about a millisecond. */
const STARTS_PER_TURN = 8;
/** The addresses of a botnet together: so many full lines. */
const FULL_LINES = 10;

/**
 * Lets those who wait begin, a few in each turn of the event loop and one address after the other, so that neither the
 * process nor another address waits for a flood from one of them.
 */
export class VerificationQueue {
  readonly #concurrency: number;
  readonly #maxWaiting: number;
  readonly #lines = new Map<string, Line>();
  #waiting = 0;
  #scheduled = false;

  /** @param maxWaiting - For one address. */
  constructor(concurrency: number, maxWaiting: number) {
    this.#concurrency = concurrency;
    this.#maxWaiting = maxWaiting;
  }

  /**
   * Waits for a turn. Each turn ends with `end`.
   *
   * @param res - Where the client may leave; `undefined` when the turn is wanted all the same.
   * @returns Whether it has come, `false` when the client left before; `undefined` when there is no room.
   */
  wait(address: string, res: Response | undefined): Promise<boolean> | undefined {
    const line = this.#lines.get(address) ?? { waiters: new Set(), running: 0 };
    if (line.waiters.size >= this.#maxWaiting) return undefined;
    if (this.#waiting >= this.#maxWaiting * FULL_LINES) return undefined;
    this.#lines.set(address, line);
    this.#waiting += 1;
    this.#schedule();
    return new Promise((resolve) => {
      const leave = (): void => this.#call(address, line, waiter, false);
      const waiter = (isTurn: boolean): void => {
        res?.removeListener("close", leave);
        resolve(isTurn);
      };
      line.waiters.add(waiter);
      res?.once("close", leave);
    });
  }

  /** Ends a turn. */
  end(address: string): void {
    const line = this.#lines.get(address);
    if (line === undefined) return;
    line.running -= 1;
    this.#forgetEmpty(address, line);
    this.#schedule();
  }

  #call(address: string, line: Line, waiter: Waiter, isTurn: boolean): void {
    line.waiters.delete(waiter);
    this.#waiting -= 1;
    if (isTurn) line.running += 1;
    this.#forgetEmpty(address, line);
    waiter(isTurn);
  }

  #forgetEmpty(address: string, { waiters, running }: Line): void {
    if (waiters.size === 0 && running === 0) this.#lines.delete(address);
  }

  #schedule(): void {
    if (this.#scheduled || this.#waiting === 0) return;
    this.#scheduled = true;
    setImmediate(() => this.#startSome());
  }

  #startSome(): void {
    this.#scheduled = false;
    let left = STARTS_PER_TURN;
    // A line that has had its turn goes to the end, where the loop meets it again.
    for (const [address, line] of this.#lines) {
      const [waiter] = line.waiters;
      if (waiter === undefined || line.running >= this.#concurrency) continue;
      this.#lines.delete(address);
      this.#lines.set(address, line);
      this.#call(address, line, waiter, true);
      left -= 1;
      if (left > 0) continue;
      this.#schedule();
      return;
    }
  }
}
