/** Thrown when checking a value takes more work than it may. */
export class WorkExceeded extends Error {
  override readonly name = "WorkExceeded";
}

/** Counts the work of one pass: evaluated subschemas, visited members, and characters looked at. */
export class Work {
  spent = 0;
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** @throws {@link WorkExceeded} when there is more than the limit. */
  spend(amount: number): void {
    this.spent += amount;
    if (this.spent > this.#limit) throw new WorkExceeded("the check takes too much work");
  }
}
