import { PolicyOutage } from "../policy-engines/policy-outage.js";

/** When an engine is left alone for a while. */
export interface BreakerSettings {
  /** So many failures, one after the other, open it. */
  readonly failures: number;
  /** Milliseconds. */
  readonly pause: number;
}

/** How a call ended: `void` says nothing about the engine, as when the client left. */
export type CallOutcome = "success" | "failure" | "void";

/** A call that was let through. */
export interface Passage {
  /** Whether it is the one that finds out whether the engine is back: all others wait for what it says. */
  readonly isTrial: boolean;
  /** Has to be told how the call ended, once. */
  leave(outcome: CallOutcome): void;
}

/**
 * Leaves an engine alone that failed several times in a row, so that no request waits for what is down, and what is down
 * is not flooded while it comes up again. After the pause one request tries it; the others are refused until that one knows.
 *
 * A failure counts only when the engine answered nobody else since that call began: else one client with a few questions
 * that take too long would take the engine away from everybody.
 *
 * Two counters and one time: nothing grows with the requests.
 */
export class CircuitBreaker {
  readonly #name: string;
  readonly #settings: BreakerSettings;
  #failures = 0;
  /** How often it answered. */
  #answers = 0;
  /** When the next request may try; `undefined` while nothing is wrong. */
  #retryAt: number | undefined;
  #isTrying = false;

  constructor(name: string, settings: BreakerSettings) {
    this.#name = name;
    this.#settings = settings;
  }

  /**
   * Lets a call through.
   *
   * @throws {@link PolicyOutage} while the engine is left alone.
   */
  enter(): Passage {
    const before = this.#answers;
    if (this.#retryAt === undefined) {
      return { isTrial: false, leave: (outcome) => this.#leave(outcome, before) };
    }
    const wait = this.#retryAt - performance.now();
    if (wait > 0 || this.#isTrying) {
      throw new PolicyOutage("engine_paused", `${this.#name} is left alone after failures`, {
        retryAfter: Math.max(1, Math.ceil(wait / 1000)),
      });
    }
    this.#isTrying = true;
    return {
      isTrial: true,
      leave: (outcome) => {
        this.#isTrying = false;
        this.#leave(outcome, before);
      },
    };
  }

  #leave(outcome: CallOutcome, before: number): void {
    if (outcome === "void") return;
    if (outcome === "success") {
      this.#answers += 1;
      this.#failures = 0;
      this.#retryAt = undefined;
      return;
    }
    if (this.#answers !== before) return;
    this.#failures += 1;
    if (this.#failures < this.#settings.failures) return;
    if (this.#retryAt === undefined) this.#tell();
    this.#retryAt = performance.now() + this.#settings.pause;
  }

  /** Once in each outage. */
  #tell(): void {
    process.emitWarning(
      `${this.#name} failed ${this.#failures} times in a row: requests that need it are refused with 503 until it answers.`,
      { code: "EXPRESS_SECURE_API_POLICY_ENGINE_DOWN" },
    );
  }
}
