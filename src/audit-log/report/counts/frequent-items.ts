/** One of the most frequent keys. */
export interface FrequentItem<Detail> {
  readonly key: string;
  /** At least so often. */
  readonly count: number;
  /** At most so many more: 0 while every key has had room. */
  readonly error: number;
  readonly detail: Detail;
}

interface Entry<Detail> {
  /** What has been counted since the key got its room. */
  count: number;
  /** What is left of it after every sweep: who has nothing left goes. */
  weight: number;
  /** What the sweeps before the key got its room have taken, and so the most that it can have lost. */
  readonly error: number;
  readonly detail: Detail;
}

/**
 * Counts keys in bounded memory, however many there are: exactly as long as all of them have room, and then the frequent
 * ones, each with a bound of its error (Misra and Gries 1982, with sweeps that free half of the room at once, so that a
 * count takes constant time on average).
 *
 * A key that is not held has been counted at most `lost` times, which is at most two counts in `capacity`.
 */
export class FrequentItems<Detail = undefined> {
  readonly #entries = new Map<string, Entry<Detail>>();
  readonly #capacity: number;
  readonly #createDetail: () => Detail;
  #lost = 0;
  #total = 0;

  /** @param createDetail - Makes what is held with a key, besides its count. */
  constructor(capacity: number, createDetail: () => Detail) {
    this.#capacity = capacity;
    this.#createDetail = createDetail;
  }

  /** Of all keys together. */
  get total(): number {
    return this.#total;
  }

  /** How many keys are held. */
  get size(): number {
    return this.#entries.size;
  }

  /** The most that a key can have been counted that is not held: 0 as long as every key has had room. */
  get lost(): number {
    return this.#lost;
  }

  /** Counts a key. @returns What is held with it. */
  add(key: string, times = 1): Detail {
    this.#total += times;
    const known = this.#entries.get(key);
    if (known !== undefined) {
      known.count += times;
      known.weight += times;
      return known.detail;
    }
    if (this.#entries.size >= this.#capacity) this.#sweep();
    const detail = this.#createDetail();
    this.#entries.set(key, { count: times, weight: times, error: this.#lost, detail });
    return detail;
  }

  /** The most frequent keys, the most frequent one first; of equal ones in the order of their code units. */
  top(most: number): readonly FrequentItem<Detail>[] {
    return [...this.#entries]
      .sort(([one, { count: first }], [other, { count: second }]) =>
        first === second ? (one < other ? -1 : 1) : second - first,
      )
      .slice(0, most)
      .map(([key, { count, error, detail }]) => ({ key, count, error, detail }));
  }

  /** Takes the weight of the one in the middle from all. */
  #sweep(): void {
    const weights = Float64Array.from(this.#entries.values(), ({ weight }) => weight).sort();
    const middle = weights[weights.length >> 1] ?? 0;
    for (const [key, entry] of this.#entries) {
      entry.weight -= middle;
      if (entry.weight <= 0) this.#entries.delete(key);
    }
    this.#lost += middle;
  }
}
