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
  readonly #awaited = new Map<string, Kept<Promise<T | null>>>();

  /** @param time - In milliseconds. */
  constructor({ size, time }: { readonly size: number; readonly time: number }) {
    this.#size = size;
    this.#time = time;
  }

  /** The answer that is kept or awaited. */
  get(name: string): T | Promise<T | null> | undefined {
    const key = keyOf(name);
    const now = performance.now();
    const kept = this.#kept.get(key);
    if (kept !== undefined) {
      this.#kept.delete(key);
      if (kept.until > now) {
        this.#kept.set(key, kept);
        return kept.answer;
      }
    }
    const awaited = this.#awaited.get(key);
    return awaited !== undefined && awaited.until > now ? awaited.answer : undefined;
  }

  /** Keeps an answer, or one that is promised. `null` is handed on, and not kept. */
  keep(name: string, answer: T | Promise<T | null> | null): void {
    const key = keyOf(name);
    const until = performance.now() + this.#time;
    if (answer === null || !isThenable(answer)) {
      this.#set(key, answer, until);
      return;
    }
    const awaited = { answer, until };
    // Where too many are awaited, this one is not shared, and kept all the same when it is there.
    if (this.#awaited.has(key) || this.#awaited.size < this.#size) this.#awaited.set(key, awaited);
    const forget = (): void => {
      if (this.#awaited.get(key) === awaited) this.#awaited.delete(key);
    };
    answer.then((settled) => {
      forget();
      this.#set(key, settled, until);
    }, forget);
  }

  #set(key: string, answer: T | null, until: number): void {
    // An answer that was asked for later is newer, whichever comes first.
    if (answer === null || (this.#kept.get(key)?.until ?? 0) > until) return;
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
