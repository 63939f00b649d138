import { promiseOf } from "../../core/calls/follow.js";

/** A function of the app that says whether something that the app needs is there. */
export type HealthCheckFunction = () => unknown;

export interface HealthCheckSettings {
  readonly name: string;
  readonly check: HealthCheckFunction;
  /** In milliseconds. */
  readonly timeout: number;
  /** How long an answer counts, in milliseconds. */
  readonly cache: number;
  /** Told of the first failure after a success. Must not throw. */
  readonly onFail: (name: string, error: unknown) => void;
}

/** A call that has not ended by then never will. */
const LOST_MS = 30_000;

/** Asks one function of the app, however often it is asked itself: one call at a time, and none while an answer counts. */
export class HealthCheck {
  readonly name: string;
  readonly #settings: HealthCheckSettings;
  #isUp = true;
  /** Until when the last answer counts, on the clock of `performance.now()`. */
  #until = Number.NEGATIVE_INFINITY;
  #asked: Promise<boolean> | undefined;
  /** When the call was made that has taken too long and not ended yet. */
  #stuckSince: number | undefined;

  constructor(settings: HealthCheckSettings) {
    this.name = settings.name;
    this.#settings = settings;
  }

  /** Whether it is up: at once where that is known, else after `timeout` at the latest. Never rejects. */
  isUp(): boolean | Promise<boolean> {
    const now = performance.now();
    if (now < this.#until) return this.#isUp;
    if (this.#stuckSince !== undefined && now - this.#stuckSince < LOST_MS) return false;
    if (this.#asked === undefined) {
      this.#asked = this.#ask(now);
      // Behind this turn, also where the function threw at once.
      void this.#asked.then(() => {
        this.#asked = undefined;
      });
    }
    return this.#asked;
  }

  #ask(now: number): Promise<boolean> {
    const { check, timeout, name } = this.#settings;
    this.#stuckSince = undefined;
    return new Promise((resolve) => {
      let isOpen = true;
      const conclude = (isUp: boolean, error?: unknown): void => {
        // A late answer says that the next call may be made.
        if (this.#stuckSince === now) this.#stuckSince = undefined;
        if (!isOpen) return;
        isOpen = false;
        clearTimeout(deadline);
        this.#keep(isUp, error);
        resolve(isUp);
      };
      const deadline = setTimeout(() => {
        conclude(false, new Error(`readyz.checks.${name} did not answer within ${timeout} ms`));
        this.#stuckSince = now;
      }, timeout).unref();
      let answer: unknown;
      try {
        answer = check();
      } catch (error) {
        conclude(false, error);
        return;
      }
      promiseOf(answer)
        .then((value) => {
          const bad = badAnswer(value);
          if (bad === undefined) conclude(true);
          else conclude(false, new Error(`readyz.checks.${name} returned ${bad}`));
        })
        .catch((error: unknown) => conclude(false, error));
    });
  }

  #keep(isUp: boolean, error: unknown): void {
    const wasUp = this.#isUp;
    this.#isUp = isUp;
    this.#until = performance.now() + this.#settings.cache;
    if (wasUp && !isUp) this.#settings.onFail(this.name, error);
  }
}

/**
 * What of an answer says that it is down. Many functions tell of trouble without throwing: `fetch()` by `ok`, and
 * `health()` of an audit log by `status`.
 */
function badAnswer(value: unknown): string | undefined {
  if (value === false) return "false";
  if (typeof value !== "object" || value === null) return undefined;
  const { ok, status } = value as { readonly ok?: unknown; readonly status?: unknown };
  if (ok === false) return "an answer that is not ok";
  return status === "failing" ? 'the status "failing"' : undefined;
}
