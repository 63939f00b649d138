/** A clock that is corrected by less is no reason for doubts. */
const SMALL_MS = 300_000;
/** How long a clock that jumped must stay where it is until it is believed. */
const DOUBT_MS = 3_600_000;

/**
 * The time of the system, which it doubts for an hour when it jumps ahead of a clock that never does: what is old
 * enough only by such a jump must not be deleted before somebody could correct it.
 *
 * Nobody can tell a clock that was wrong from the start. A machine that slept looks like one whose clock jumped.
 */
export class SteadyClock {
  /** What has to be added to the clock that never jumps. */
  #offset = Date.now() - performance.now();
  /** Since when the system has claimed that it is much later, by the clock that never jumps. */
  #since: number | undefined;

  /** Milliseconds of the Unix epoch. */
  now(): number {
    const steady = performance.now();
    const offset = Date.now() - steady;
    // One that is set back deletes nothing.
    if (offset <= this.#offset + SMALL_MS) this.#believe(offset);
    else {
      this.#since ??= steady;
      if (steady - this.#since >= DOUBT_MS) this.#believe(offset);
    }
    return steady + this.#offset;
  }

  #believe(offset: number): void {
    this.#offset = offset;
    this.#since = undefined;
  }
}
