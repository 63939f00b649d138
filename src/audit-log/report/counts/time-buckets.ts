const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** Each divides the next one, so that buckets can be joined. In milliseconds. */
const WIDTHS: readonly number[] = [
  SECOND,
  5 * SECOND,
  10 * SECOND,
  30 * SECOND,
  MINUTE,
  5 * MINUTE,
  10 * MINUTE,
  30 * MINUTE,
  HOUR,
  3 * HOUR,
  6 * HOUR,
  12 * HOUR,
  DAY,
  7 * DAY,
  28 * DAY,
  364 * DAY,
  3640 * DAY,
  36_400 * DAY,
  364_000 * DAY,
];
const WIDEST = 364_000_000 * DAY;

/** What happened in one stretch of time. */
export interface TimeBucket<Counts> {
  /** Where it begins, in milliseconds since the epoch. */
  readonly start: number;
  readonly counts: Counts;
}

/**
 * Sorts what happens into stretches of time that are of one length, and short: as long as no more of them are in use than
 * `capacity`, each is a second. It does not matter in which order things come, nor whether some lie far off.
 */
export class TimeBuckets<Counts> {
  #buckets = new Map<number, Counts>();
  #step = 0;
  readonly #capacity: number;
  readonly #create: () => Counts;
  readonly #join: (into: Counts, from: Counts) => void;

  constructor(capacity: number, create: () => Counts, join: (into: Counts, from: Counts) => void) {
    this.#capacity = capacity;
    this.#create = create;
    this.#join = join;
  }

  /** How long each stretch is, in milliseconds. */
  get width(): number {
    return WIDTHS[this.#step] ?? WIDEST;
  }

  /** What is counted at this time. */
  at(time: number): Counts {
    const start = this.#startOf(time);
    const known = this.#buckets.get(start);
    if (known !== undefined) return known;
    const counts = this.#create();
    this.#buckets.set(start, counts);
    while (this.#buckets.size > this.#capacity) this.#widen();
    return this.#buckets.get(this.#startOf(time)) ?? counts;
  }

  /** Makes the stretches longer until so many side by side reach from one time to the other. */
  fit(first: number, last: number, most: number): void {
    const count = () => (this.#startOf(last) - this.#startOf(first)) / this.width + 1;
    while (count() > most && this.width < WIDEST) this.#widen();
  }

  /** Those in use, in the order of time. */
  list(): readonly TimeBucket<Counts>[] {
    return [...this.#buckets]
      .sort(([one], [other]) => one - other)
      .map(([start, counts]) => ({ start, counts }));
  }

  #startOf(time: number): number {
    return Math.floor(time / this.width) * this.width;
  }

  #widen(): void {
    this.#step += 1;
    const before = this.#buckets;
    this.#buckets = new Map();
    for (const [start, counts] of before) {
      const wider = this.#startOf(start);
      const known = this.#buckets.get(wider);
      if (known === undefined) this.#buckets.set(wider, counts);
      else this.#join(known, counts);
    }
  }
}
