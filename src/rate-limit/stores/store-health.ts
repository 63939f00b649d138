import { channel } from "node:diagnostics_channel";
import { StorePause, type StoreVisit } from "./store-pause.js";

/** Each change between a store that answers and one that does not is published there, as a {@link StoreChange}. */
export const STORE_CHANNEL = "express-secure-api:rate-limit-store";

/** What happened to the store of a limiter. */
export interface StoreChange {
  readonly state: "down" | "up";
  /** The names of the policies that it counts. */
  readonly policies: readonly string[];
}

const changes = channel(STORE_CHANNEL);

/** Asks a store only while it is worth asking, and tells when that changes. */
export class StoreHealth {
  readonly #policies: readonly string[];
  readonly #pause = new StorePause();
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
    const visit = this.#pause.enter();
    return visit && { end: (answered) => this.#end(visit, answered) };
  }

  #end(visit: StoreVisit, answered: boolean): void {
    visit.end(answered);
    if (answered) this.#comeUp();
    else if (this.#pause.hasFailed) this.#goDown("failed several times in a row");
  }

  #comeUp(): void {
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
