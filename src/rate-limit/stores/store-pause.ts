/** After so many failures in a row a store is left alone … */
const FAILURES_IN_A_ROW = 5;
/** … for so long; then one request tries it again. */
const PAUSE_MS = 1000;

/** A request that was let through to the store. It has to be told how that ended, once. */
export interface StoreVisit {
  end(answered: boolean): void;
}

/** Knows whether a store is worth asking: a dead one costs one deadline a second, not one per request. */
export class StorePause {
  readonly #usual: StoreVisit = { end: (answered) => this.#end(answered) };
  readonly #trial: StoreVisit = {
    end: (answered) => {
      this.#isTried = false;
      this.#end(answered);
    },
  };
  #failures = 0;
  /** On the clock of `performance.now()`. */
  #pausedUntil = 0;
  #isTried = false;

  /** Whether it failed so often that it is left alone. */
  get hasFailed(): boolean {
    return this.#failures >= FAILURES_IN_A_ROW;
  }

  /** @returns `undefined` while the store is left alone. */
  enter(): StoreVisit | undefined {
    if (!this.hasFailed) return this.#usual;
    if (this.#isTried || performance.now() < this.#pausedUntil) return undefined;
    this.#isTried = true;
    // Requests from before the pause say nothing about whether somebody tries it now.
    return this.#trial;
  }

  #end(answered: boolean): void {
    if (answered) {
      this.#failures = 0;
      return;
    }
    this.#failures += 1;
    this.#pausedUntil = performance.now() + PAUSE_MS;
  }
}
