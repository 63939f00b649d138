/** So that others wait for a few milliseconds at most. */
const MOST = 50;

/** Does what comes in thousands at once, such as ending slow clients, a few in each turn of the event loop. */
export class Turns {
  #waiting: (() => void)[] = [];
  #left = MOST;
  #next: NodeJS.Immediate | undefined;

  /** Does it now, or in one of the next turns. It must not throw. */
  take(act: () => void): void {
    this.#next ??= setImmediate(() => this.#goOn());
    if (this.#left > 0) {
      this.#left -= 1;
      act();
    } else {
      this.#waiting.push(act);
    }
  }

  /** Does all that waits. */
  close(): void {
    clearImmediate(this.#next);
    this.#next = undefined;
    for (const act of this.#waiting.splice(0)) act();
    this.#left = MOST;
  }

  #goOn(): void {
    this.#next = undefined;
    const now = this.#waiting.splice(0, MOST);
    this.#left = MOST - now.length;
    if (now.length > 0) this.#next = setImmediate(() => this.#goOn());
    for (const act of now) act();
  }
}
