/** Keys that found no room are counted together under this one. No other key looks like it. */
const OVERFLOW_KEY = "*";
/** More than one: what expired is removed faster than new keys come. */
const STEPS_PER_INSERT = 4;
const STEPS_WHEN_FULL = 64;

/**
 * The arrival times of one policy, by key, bounded by `maxKeys`.
 *
 * A time that has passed says no more than no entry, so removing it loses nothing. It happens a few entries at a time
 * when a key is added: there are no timers, which would also keep the context of a request alive. An entry that is
 * still in force is never removed, or a client could flush its own count by flooding the map with others.
 */
export class ArrivalTimes {
  readonly #times = new Map<string, number>();
  readonly #maxKeys: number;
  #sweep = this.#times.entries();

  constructor(maxKeys: number) {
    this.#maxKeys = maxKeys;
  }

  get size(): number {
    return this.#times.size;
  }

  /** The key to count under: the given one, or the shared one when there is no room for another. */
  slotFor(key: string, now: number): string {
    if (this.#times.size < this.#maxKeys || this.#times.has(key)) return key;
    this.#removeExpired(now, STEPS_WHEN_FULL);
    return this.#times.size < this.#maxKeys ? key : OVERFLOW_KEY;
  }

  /** The arrival time of the slot, `now` when it has none in the future. */
  get(slot: string, now: number): number {
    const time = this.#times.get(slot);
    return time === undefined || time < now ? now : time;
  }

  set(slot: string, time: number, now: number): void {
    if (this.#times.has(slot)) {
      this.#times.set(slot, time);
    } else {
      this.#removeExpired(now, STEPS_PER_INSERT);
      this.#times.set(compact(slot), time);
    }
  }

  #removeExpired(now: number, steps: number): void {
    for (let step = 0; step < steps; step += 1) {
      const { value: entry } = this.#sweep.next();
      if (entry === undefined) this.#sweep = this.#times.entries();
      else if (entry[1] <= now) this.#times.delete(entry[0]);
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
