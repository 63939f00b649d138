import { OutsideScope } from "../../core/calls/outside-scope.js";

/**
 * Notices when somebody who has work does not answer for too long, with one timer at most, which is there only while
 * there is work.
 */
export class StallWatch {
  readonly #after: number;
  readonly #onChange: (stalled: boolean) => void;
  /** Timers belong to no request. */
  readonly #scope = new OutsideScope("ExpressSecureApiAuditStall");
  #timer: NodeJS.Timeout | undefined;
  /** Since when it has work and did not answer, on the clock of `performance.now()`; `undefined` without work. */
  #waitingSince: number | undefined;
  #stalled = false;

  /**
   * @param after - In milliseconds.
   * @param onChange - Called when it stalls, and when it answers again; not inside of what it answers to. Must not throw.
   */
  constructor(after: number, onChange: (stalled: boolean) => void) {
    this.#after = after;
    this.#onChange = onChange;
  }

  get stalled(): boolean {
    return this.#stalled;
  }

  /** Says that there is work, which may be so already. */
  begin(): void {
    if (this.#waitingSince !== undefined) return;
    this.#waitingSince = performance.now();
    if (this.#timer === undefined) this.#wait(this.#after);
  }

  /** Says that there was an answer. */
  progress(hasMore: boolean): void {
    this.#waitingSince = hasMore ? performance.now() : undefined;
    if (!this.#stalled) return;
    this.#stalled = false;
    this.#scope.runInAsyncScope(setImmediate, undefined, () => this.#onChange(false));
    if (hasMore && this.#timer === undefined) this.#wait(this.#after);
  }

  /** Watches no more. */
  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#waitingSince = undefined;
  }

  #wait(milliseconds: number): void {
    this.#timer = this.#scope.runInAsyncScope(() => setTimeout(() => this.#look(), milliseconds));
    this.#timer.unref();
  }

  #look(): void {
    this.#timer = undefined;
    if (this.#waitingSince === undefined) return;
    const left = this.#waitingSince + this.#after - performance.now();
    if (left > 0) this.#wait(left);
    else if (!this.#stalled) {
      this.#stalled = true;
      this.#onChange(true);
    }
  }
}
