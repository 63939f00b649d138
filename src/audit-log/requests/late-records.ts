import { OutsideScope } from "../../core/calls/outside-scope.js";

/** Keys are fetched within 5 seconds by default. */
const LONGEST_WAIT = 10_000;
/** An outage must not fill the memory: beyond this, records are written as they are. */
const MAX_WAITING = 10_000;

/**
 * Records of answered requests whose verdicts in report mode are still to come. Each is written
 * when they are known, at the latest after ten seconds, or when the log closes.
 */
export class LateRecords {
  readonly #waiting = new Set<() => void>();
  /** Timers belong to no request. */
  readonly #context = new OutsideScope("ExpressSecureApiLateRecords");

  add(verdicts: Promise<void>, write: () => void): void {
    if (this.#waiting.size >= MAX_WAITING) {
      write();
      return;
    }
    const timer = this.#context.runInAsyncScope(() => setTimeout(() => end(), LONGEST_WAIT));
    timer.unref();
    const end = (): void => {
      if (!this.#waiting.delete(end)) return;
      clearTimeout(timer);
      write();
    };
    this.#waiting.add(end);
    void verdicts.then(end);
  }

  /** Writes them all, as they are. */
  flush(): void {
    for (const end of this.#waiting) end();
  }
}
