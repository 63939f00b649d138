/** Keys that found no room are counted together under this one. No other key looks like it. */
const OVERFLOW_KEY = "*";
/** More than one: what expired is removed faster than new keys come. */
const STEPS_PER_INSERT = 4;
const STEPS_WHEN_FULL = 64;

/**
 * What one policy holds of each key, bounded by `maxKeys`.
 *
 * A value that has expired says no more than no value, so removing it loses nothing. It happens a few entries at a time
 * when a key is added: there are no timers, which would also keep the context of a request alive. An entry that is
 * still in force is never removed, or a client could flush its own count by flooding the table with others.
 */
export class KeyTable<T> {
  readonly #values = new Map<string, T>();
  readonly #maxKeys: number;
  readonly #endOf: (value: T) => number;
  #sweep = this.#values.entries();

  /** @param endOf - The time at which a value expires, in the unit of `now`. */
  constructor(maxKeys: number, endOf: (value: T) => number) {
    this.#maxKeys = maxKeys;
    this.#endOf = endOf;
  }

  get size(): number {
    return this.#values.size;
  }

  /** The key to count under: the given one, or the shared one when there is no room for another. */
  slotFor(key: string, now: number): string {
    if (this.#values.size < this.#maxKeys || this.#values.has(key)) return key;
    this.#removeExpired(now, STEPS_WHEN_FULL);
    return this.#values.size < this.#maxKeys ? key : OVERFLOW_KEY;
  }

  /** What the slot holds; it may have expired. */
  get(slot: string): T | undefined {
    return this.#values.get(slot);
  }

  set(slot: string, value: T, now: number): void {
    if (this.#values.has(slot)) {
      this.#values.set(slot, value);
    } else {
      this.#removeExpired(now, STEPS_PER_INSERT);
      this.#values.set(compact(slot), value);
    }
  }

  delete(slot: string): void {
    this.#values.delete(slot);
  }

  #removeExpired(now: number, steps: number): void {
    for (let step = 0; step < steps; step += 1) {
      const { value: entry } = this.#sweep.next();
      if (entry === undefined) this.#sweep = this.#values.entries();
      else if (this.#endOf(entry[1]) <= now) this.#values.delete(entry[0]);
    }
  }
}

/**
 * A copy that owns its characters. A string cut out of a header keeps the whole header alive: 16 kb for each key.
 */
function compact(key: string): string {
  const copy = Buffer.from(key, "latin1").toString("latin1");
  return copy === key ? copy : Buffer.from(key, "utf16le").toString("utf16le");
}
