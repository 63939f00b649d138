import { hash } from "node:crypto";
import { isThenable } from "./user-function.js";

/** A digest of this length replaces a longer key. */
const LONGEST_KEY = 44;

interface Kept<T> {
  readonly answer: T;
  /** On the clock of `performance.now()`. */
  readonly until: number;
}

/**
 * Keeps what a function of the app answered, for a stated time from the call on, in bounded memory. What was not asked for
 * longest is forgotten first. Failures are never kept; while an answer is being waited for, others wait for the same one.
 */
export class AnswerCache<T extends object> {
  readonly #size: number;
  readonly #time: number;
  /** The one used last stands last. */
  readonly #kept = new Map<string, Kept<T>>();
  readonly #awaited = new Map<string, Promise<T | null>>();

  /** @param time - In milliseconds. */
  constructor({ size, time }: { readonly size: number; readonly time: number }) {
    this.#size = size;
    this.#time = time;
  }

  /** The answer that is kept or awaited. */
  get(name: string): T | Promise<T | null> | undefined {
    const key = keyOf(name);
    const kept = this.#kept.get(key);
    if (kept === undefined) return this.#awaited.get(key);
    this.#kept.delete(key);
    if (kept.until <= performance.now()) return this.#awaited.get(key);
    this.#kept.set(key, kept);
    return kept.answer;
  }

  /** Keeps an answer, or one that is promised. `null` is handed on, and not kept. */
  keep(name: string, answer: T | Promise<T | null> | null): void {
    const key = keyOf(name);
    const until = performance.now() + this.#time;
    if (answer === null || !isThenable(answer)) {
      this.#set(key, answer, until);
      return;
    }
    if (this.#awaited.size >= this.#size) return;
    this.#awaited.set(key, answer);
    answer.then(
      (settled) => {
        this.#awaited.delete(key);
        this.#set(key, settled, until);
      },
      () => this.#awaited.delete(key),
    );
  }

  #set(key: string, answer: T | null, until: number): void {
    if (answer === null) return;
    this.#kept.delete(key);
    this.#kept.set(key, { answer, until });
    if (this.#kept.size <= this.#size) return;
    const [oldest = ""] = this.#kept.keys();
    this.#kept.delete(oldest);
  }
}

/** No key fills the memory. */
function keyOf(name: string): string {
  return name.length > LONGEST_KEY ? hash("sha256", name, "base64url") : name;
}
