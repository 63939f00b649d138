import { randomUUID } from "node:crypto";

/**
 * The ids of the records of one audit log. What stands before the last hyphen names a series, what stands behind it
 * counts the records of the series from 1, without gaps: a missing number is a missing record.
 *
 * Records of all sinks are one series, named by a random UUID. The records that tell one sink of its losses are in no
 * other sink, so each sink has a series of them, `<UUID>.<position>`.
 */
export class RecordNumbers {
  readonly #log = randomUUID();
  readonly #common = `${this.#log}-`;
  #last = 0;

  /** What names the series of all sinks. */
  get stream(): string {
    return this.#log;
  }

  /** The id of the next record for all sinks, which must be written then. */
  next(): string {
    this.#last += 1;
    return this.#common + this.#last;
  }

  /** @param position - Of the sink, from 0. */
  ofLosses(position: number, number: number): string {
    return `${this.#log}.${position}-${number}`;
  }
}
