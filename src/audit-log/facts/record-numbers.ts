import { randomUUID } from "node:crypto";

/**
 * The ids of the records of one audit log. What stands before the last hyphen names a series, what stands behind it
 * counts the records of the series from 1, without gaps: a missing number is a missing record.
 *
 * Records of all sinks are one series, named by a random UUID: the stream. The records that tell one sink of its losses
 * are in no other sink, so each sink has a series of them, `<UUID>.<position>`.
 */
export class RecordNumbers {
  readonly stream = randomUUID();
  readonly #common = `${this.stream}-`;
  #last = 0;

  /** The number that was given last; 0 before the first one. */
  get last(): number {
    return this.#last;
  }

  /** The id of the next record for all sinks, which must be written then. */
  next(): string {
    this.#last += 1;
    return this.#common + this.#last;
  }

  /** Takes the last number back: there is no record with it. */
  takeBack(): void {
    this.#last -= 1;
  }

  /** @param position - Of the sink, from 0. */
  ofLosses(position: number, number: number): string {
    return `${this.stream}.${position}-${number}`;
  }
}
