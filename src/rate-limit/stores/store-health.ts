import { channel } from "node:diagnostics_channel";

/** After so many failures in a row the store is left alone … */
const FAILURES_IN_A_ROW = 5;
/** … for so long; then one request tries it again. */
const PAUSE_MS = 1000;

/** Each change between a store that answers and one that does not is published there, as a {@link StoreChange}. */
export const STORE_CHANNEL = "express-secure-api:rate-limit-store";

/** What happened to the store of a limiter. */
export interface StoreChange {
  readonly state: "down" | "up";
  /** The names of the policies that it counts. */
  readonly policies: readonly string[];
}

/** A request that was let through to the store. It has to be told how that ended, once. */
export interface StoreVisit {
  end(answered: boolean): void;
}

const changes = channel(STORE_CHANNEL);

/** Knows whether a store is worth asking: a dead one costs one deadline a second, not one per request. */
export class StoreHealth {
  readonly #policies: readonly string[];
  #failures = 0;
  #pausedUntil = 0;
  #isTried = false;
  #isDown = false;

  constructor(policies: readonly string[]) {
    this.#policies = Object.freeze([...policies]);
  }

  /** @param ready - What the store says of itself. */
  enter(ready: boolean): StoreVisit | undefined {
    if (!ready) {
      this.#goDown("is not ready");
      return undefined;
    }
    if (this.#failures < FAILURES_IN_A_ROW) return this.#visit(false);
    if (this.#isTried || performance.now() < this.#pausedUntil) return undefined;
    this.#isTried = true;
    return this.#visit(true);
  }

  #visit(isTrial: boolean): StoreVisit {
    return {
      end: (answered) => {
        // Requests from before the pause say nothing about whether somebody tries it now.
        if (isTrial) this.#isTried = false;
        if (answered) this.#comeUp();
        else this.#fail();
      },
    };
  }

  #fail(): void {
    this.#failures += 1;
    this.#pausedUntil = performance.now() + PAUSE_MS;
    if (this.#failures >= FAILURES_IN_A_ROW) this.#goDown("failed several times in a row");
  }

  #comeUp(): void {
    this.#failures = 0;
    if (!this.#isDown) return;
    this.#isDown = false;
    this.#publish("up");
  }

  #goDown(why: string): void {
    if (this.#isDown) return;
    this.#isDown = true;
    const names = this.#policies.join(", ");
    process.emitWarning(
      `rateLimit: the store of ${names} ${why}. Until it answers, onStoreError says what happens to requests.`,
      { code: "EXPRESS_SECURE_API_RATE_LIMIT_STORE_DOWN" },
    );
    this.#publish("down");
  }

  #publish(state: StoreChange["state"]): void {
    if (!changes.hasSubscribers) return;
    const change: StoreChange = Object.freeze({ state, policies: this.#policies });
    try {
      changes.publish(change);
    } catch {
      // A subscriber that throws is told of by Node.js; requests go on.
    }
  }
}
