/** Of each doubling: a value is told within 2.2 %. */
const STEPS = 16;
/** Up to 2^40 microseconds, which are twelve days. */
const DOUBLINGS = 40;
const SIZE = STEPS * DOUBLINGS;

/** Some percentiles of durations, in microseconds. */
export interface DurationPercentiles {
  /** How many durations were counted. */
  readonly count: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  /** Exact. */
  readonly max: number;
}

/**
 * Counts durations in steps that grow with them, so that its size does not depend on how many there are: each percentile
 * is right within 2.2 % (half of a sixteenth of a doubling).
 */
export class DurationHistogram {
  /** Of the steps up to the longest duration only: most routes need few. */
  #steps = new Float64Array(0);
  #count = 0;
  #max = 0;

  /** @param duration - In microseconds, not negative. */
  add(duration: number): void {
    const step = Math.min(SIZE - 1, Math.floor(Math.log2(Math.max(1, duration)) * STEPS));
    if (step >= this.#steps.length) {
      const longer = new Float64Array(Math.min(SIZE, step + STEPS));
      longer.set(this.#steps);
      this.#steps = longer;
    }
    this.#steps[step] = (this.#steps[step] ?? 0) + 1;
    this.#count += 1;
    this.#max = Math.max(this.#max, duration);
  }

  /** `undefined` when nothing was counted. */
  percentiles(): DurationPercentiles | undefined {
    if (this.#count === 0) return undefined;
    return {
      count: this.#count,
      p50: this.#at(0.5),
      p95: this.#at(0.95),
      p99: this.#at(0.99),
      max: this.#max,
    };
  }

  /** The middle of the step that the duration of this rank is in. */
  #at(part: number): number {
    let left = Math.ceil(this.#count * part);
    for (let step = 0; step < this.#steps.length; step += 1) {
      left -= this.#steps[step] ?? 0;
      if (left <= 0) return Math.min(this.#max, Math.round(2 ** ((step + 0.5) / STEPS)));
    }
    return this.#max;
  }
}
