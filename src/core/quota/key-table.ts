import { NetworkCounts } from "./network-counts.js";

/** Keys that found no room are counted together under this one. No other key looks like it. */
const OVERFLOW_KEY = "*";
/** More than one: what expired is removed faster than new keys come. */
const STEPS_PER_INSERT = 4;
const STEPS_WHEN_FULL = 64;
/** The part of the table up to which everybody gets a key, and the part of it that one network gets beyond that. */
const ROOM_FOR_ALL = 1 / 2;
const ROOM_FOR_NETWORK = 1 / 16;
/** Smaller tables do not count networks: there may be one for each route. */
const WORTH_COUNTING = 1000;

/**
 * What one policy holds of each key, bounded by `maxKeys`.
 *
 * A value that has expired says no more than no value, so removing it loses nothing. It happens a few entries at a time
 * when a key is added: there are no timers, which would also keep the context of a request alive. An entry that is
 * still in force is never removed, or a client could flush its own count by flooding the table with others.
 *
 * Whoever holds an IPv6 network has more addresses than any table has room. From the time when the table is half full, keys
 * of a /48 that holds a sixteenth of it are counted together, under a key of that network: the other half is for others.
 */
export class KeyTable<T> {
  readonly #values = new Map<string, T>();
  readonly #maxKeys: number;
  readonly #roomForAll: number;
  readonly #roomForNetwork: number;
  readonly #endOf: (value: T) => number;
  #networks: NetworkCounts | undefined;
  #sweep = this.#values.entries();

  /** @param endOf - The time at which a value expires, in the unit of `now`. */
  constructor(maxKeys: number, endOf: (value: T) => number) {
    this.#maxKeys = maxKeys;
    this.#roomForAll = maxKeys * ROOM_FOR_ALL;
    this.#roomForNetwork = Math.max(1, maxKeys * ROOM_FOR_NETWORK);
    this.#endOf = endOf;
  }

  get size(): number {
    return this.#values.size;
  }

  /** The key to count under: the given one, or when there is no room for another that of its network, or of all. */
  slotFor(key: string, now: number): string {
    if (this.#values.size < this.#roomForAll || this.#values.has(key)) return key;
    const isFull = this.#values.size >= this.#maxKeys;
    if (!isFull && this.#crowdedNetwork(key) === undefined) return key;
    this.#removeExpired(now, STEPS_WHEN_FULL);
    const slot = this.#crowdedNetwork(key) ?? key;
    return this.#values.size < this.#maxKeys || this.#values.has(slot) ? slot : OVERFLOW_KEY;
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
      if (this.#networks !== undefined) this.#networks.add(slot, 1);
      else if (this.#values.size >= Math.min(WORTH_COUNTING, this.#roomForAll))
        this.#countNetworks();
    }
  }

  /** Sets the value of a slot that has one. */
  replace(slot: string, value: T): void {
    this.#values.set(slot, value);
  }

  delete(slot: string): void {
    if (this.#values.delete(slot)) this.#networks?.add(slot, -1);
  }

  #crowdedNetwork(key: string): string | undefined {
    return this.#networks?.crowded(key, this.#roomForNetwork);
  }

  #countNetworks(): void {
    this.#networks = new NetworkCounts();
    for (const key of this.#values.keys()) this.#networks.add(key, 1);
  }

  #removeExpired(now: number, steps: number): void {
    for (let step = 0; step < steps; step += 1) {
      const { value: entry } = this.#sweep.next();
      if (entry === undefined) this.#sweep = this.#values.entries();
      else if (this.#endOf(entry[1]) <= now) this.delete(entry[0]);
    }
  }
}

/**
 * A copy that owns its characters. A string cut out of a header keeps the whole header alive: 16 kb for each key.
 */
export function compact(key: string): string {
  const copy = Buffer.from(key, "latin1").toString("latin1");
  return copy === key ? copy : Buffer.from(key, "utf16le").toString("utf16le");
}
