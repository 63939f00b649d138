/**
 * How much is lost when a value is forgotten: 0 nothing or next to nothing, 1 something, 2 what is about to matter.
 */
export type Worth = 0 | 1 | 2;

/**
 * A bounded map from keys to values, without a timer: at most `max` keys.
 *
 * New keys go into a young generation. When that is half of the map, it becomes the old one, and what was old is
 * forgotten, unless it was asked for since, or is worth keeping: of that, the worthiest part, at most a quarter of the
 * map, lives on. So whoever floods the map with keys that occur once forgets nothing but keys that occur once.
 */
export class KeyGenerations<T> {
  readonly #half: number;
  readonly #worthOf: (value: T, now: number) => Worth;
  #young = new Map<string, T>();
  #old = new Map<string, T>();

  /** @param max - Of at least 4. */
  constructor(max: number, worthOf: (value: T, now: number) => Worth) {
    this.#half = Math.floor(max / 2);
    this.#worthOf = worthOf;
  }

  get size(): number {
    return this.#young.size + this.#old.size;
  }

  get(key: string, now: number): T | undefined {
    const young = this.#young.get(key);
    if (young !== undefined) return young;
    const old = this.#old.get(key);
    if (old === undefined) return undefined;
    this.#old.delete(key);
    this.#add(key, old, now);
    return old;
  }

  /** Adds a key that is not there. */
  add(key: string, value: T, now: number): void {
    this.#add(key, value, now);
  }

  #add(key: string, value: T, now: number): void {
    if (this.#young.size >= this.#half) this.#turn(now);
    this.#young.set(key, value);
  }

  #turn(now: number): void {
    const kept = new Map<string, T>();
    const most = Math.floor(this.#half / 2);
    for (const worth of [2, 1]) {
      for (const [key, value] of this.#old) {
        if (kept.size >= most) break;
        if (this.#worthOf(value, now) === worth) kept.set(key, value);
      }
    }
    this.#old = this.#young;
    this.#young = kept;
  }
}
