/** How many more ranges there may be in all sets that share it. */
export interface RangeBudget {
  left: number;
}

/** A set with more gaps than that is no log, and each number would cost more and more time. */
const MAX_RANGES = 1000;

/**
 * Counts how many different whole numbers there were, in whatever order they came, by the ranges without a gap that they
 * make: a log that is whole is one range.
 */
export class NumberRanges {
  readonly #budget: RangeBudget;
  /** The first and the last number of each range, in order. */
  readonly #ranges: [first: number, last: number][] = [];
  #isFull = false;

  constructor(budget: RangeBudget) {
    this.#budget = budget;
  }

  /** `undefined` when there were more gaps than can be held. */
  get distinct(): number | undefined {
    if (this.#isFull) return undefined;
    return this.#ranges.reduce((sum, [first, last]) => sum + last - first + 1, 0);
  }

  /** @returns Whether the number is a new one, as far as that can be known. */
  add(number: number): boolean {
    if (this.#isFull) return true;
    const index = this.#indexBehind(number);
    const before = this.#ranges[index - 1];
    const behind = this.#ranges[index];
    if (before !== undefined && number <= before[1]) return false;
    const followsBefore = before !== undefined && number === before[1] + 1;
    const precedesBehind = behind !== undefined && number === behind[0] - 1;
    if (followsBefore && precedesBehind) {
      before[1] = behind[1];
      this.#ranges.splice(index, 1);
      this.#budget.left += 1;
    } else if (followsBefore) before[1] = number;
    else if (precedesBehind) behind[0] = number;
    else this.#begin(index, number);
    return true;
  }

  #begin(index: number, number: number): void {
    if (this.#budget.left <= 0 || this.#ranges.length >= MAX_RANGES) {
      this.#isFull = true;
      this.#budget.left += this.#ranges.length;
      this.#ranges.length = 0;
      return;
    }
    this.#budget.left -= 1;
    this.#ranges.splice(index, 0, [number, number]);
  }

  /** The place of the first range that begins behind the number. Numbers come in order nearly always. */
  #indexBehind(number: number): number {
    let [low, high] = [0, this.#ranges.length];
    if ((this.#ranges[high - 1]?.[0] ?? number) <= number) return high;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#ranges[middle]?.[0] ?? 0) <= number) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
