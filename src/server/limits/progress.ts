/** What a client must keep to while it sends a body, or reads an answer. */
export interface Pace {
  /** How long nothing may move, in milliseconds. */
  readonly stall: number;
  /** How many bytes must move each second, on average; 0 for any number. */
  readonly rate: number;
}

/** The average is judged from here on: one lost packet must not decide. As in Apache's mod_reqtimeout. */
const FREE_MS = 20_000;

/** How one transfer goes on, looked at from time to time. Only the time counts in which it is the client's turn. */
export class Progress {
  #lookedAt: number;
  #movedAt: number;
  #bytes = 0;
  #time = 0;

  constructor(now: number) {
    this.#lookedAt = now;
    this.#movedAt = now;
  }

  /**
   * Notes how many bytes have moved since the last look.
   *
   * @param isClientsTurn - Whether nothing but the client can go on.
   * @returns What is wrong: nothing has moved for too long, or too little in all.
   */
  look(
    now: number,
    moved: number,
    isClientsTurn: boolean,
    pace: Pace,
  ): "stalled" | "slow" | undefined {
    const time = now - this.#lookedAt;
    this.#lookedAt = now;
    this.#bytes += moved;
    if (!isClientsTurn || moved > 0) this.#movedAt = now;
    if (!isClientsTurn) return undefined;
    this.#time += time;
    if (now - this.#movedAt >= pace.stall) return "stalled";
    const due = (this.#time / 1000) * pace.rate;
    return this.#time >= FREE_MS && this.#bytes < due ? "slow" : undefined;
  }
}
