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

/**
 * Leaves an engine alone that failed several times in a row, so that no request waits for what is down, and what is down
 * is not flooded while it comes up again. After the pause one request tries it; the others are refused until that one knows.
 *
 * One counter and one time: nothing grows with the requests.
 */
export class CircuitBreaker {
  readonly #name: string;
  readonly #settings: BreakerSettings;
  #failures = 0;
  /** When the next request may try; `undefined` while nothing is wrong. */
  #retryAt: number | undefined;
  #isTrying = false;

  constructor(name: string, settings: BreakerSettings) {
    this.#name = name;
    this.#settings = settings;
  }

  /**
   * Lets a call through, which has to tell how it ended, once.
   *
   * @throws {@link PolicyOutage} while the engine is left alone.
   */
  enter(): (outcome: CallOutcome) => void {
    if (this.#retryAt === undefined) return (outcome) => this.#leave(outcome);
    const wait = this.#retryAt - performance.now();
    if (wait > 0 || this.#isTrying) {
      throw new PolicyOutage("engine_paused", `${this.#name} is left alone after failures`, {
        retryAfter: Math.max(1, Math.ceil(wait / 1000)),
      });
    }
    this.#isTrying = true;
    return (outcome) => {
      this.#isTrying = false;
      this.#leave(outcome);
    };
  }

  #leave(outcome: CallOutcome): void {
    if (outcome === "void") return;
    if (outcome === "success") {
      this.#failures = 0;
      this.#retryAt = undefined;
      return;
    }
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
