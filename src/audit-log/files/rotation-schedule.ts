/** When a log file is rotated. What is left out is no reason. */
export interface RotationRules {
  /** Bytes. */
  readonly size?: number | undefined;
  /** Milliseconds. */
  readonly interval?: number | undefined;
}

/**
 * Knows when a file is to be rotated. Intervals are counted from the beginning of 1970 in UTC, so that days begin at
 * midnight there, and summer time makes none of them longer.
 */
export class RotationSchedule {
  readonly #size: number;
  readonly #interval: number;
  /** The interval that the records of the file belong to. */
  #current = 0;

  constructor({
    size = Number.POSITIVE_INFINITY,
    interval = Number.POSITIVE_INFINITY,
  }: RotationRules) {
    this.#size = size;
    this.#interval = interval;
  }

  /**
   * Says which file is written to.
   *
   * @param writtenAt - When it was last written to, in milliseconds of the Unix epoch.
   */
  begin(size: number, writtenAt: number, now: number): void {
    // A file that was written to in the future is one of a clock that has been set back since.
    this.#current = this.#intervalOf(size > 0 ? Math.min(writtenAt, now) : now);
  }

  /** Whether the file is to be rotated before so many bytes are written. An empty one never is. */
  isDue(size: number, bytes: number, now: number): boolean {
    const interval = this.#intervalOf(now);
    const later = interval > this.#current;
    // A clock that is set back begins an interval again; that is no reason to rotate.
    if (size === 0 || interval < this.#current) this.#current = interval;
    return size > 0 && (later || size + bytes > this.#size);
  }

  #intervalOf(time: number): number {
    return Math.floor(time / this.#interval);
  }
}
