/**
 * No list has more names, repeated ones included: a token of 8 kb cannot hold more in good faith. A longer list is not
 * cut, because rules such as `not(role("suspended"))` would pass without the names that are missing.
 */
export const MAX_NAMES = 2000;

/** A list of names in the claims is too long to be taken over. */
export class TooManyNames extends RangeError {
  override readonly name = "TooManyNames";
}

/** What names become: without a prototype, each with the list of those that count for it. */
export type NameTable = Readonly<Record<string, readonly string[]>>;

/** Collects the names of one list, from one source after the other. */
export class FoundNames {
  readonly #names: string[] = [];
  #count = 0;
  #prefix = "";
  #table: NameTable | undefined;
  #isPartial = false;

  /** Goes on with another source: its prefix, and the names that count there. */
  from(prefix: string, table: NameTable | undefined): void {
    this.#prefix = prefix;
    this.#table = table;
  }

  /** @throws {@link TooManyNames} when there are 2,000 already. */
  add(name: string): void {
    if (name === "") return;
    if (this.#count === MAX_NAMES) throw new TooManyNames("more than 2,000 names in one list");
    this.#count += 1;
    if (this.#table === undefined) this.#names.push(this.#prefix + name);
    else if (Object.hasOwn(this.#table, name))
      for (const meant of this.#table[name] ?? []) this.#names.push(this.#prefix + meant);
  }

  /** Notes that there may be names that could not be read. */
  miss(): void {
    this.#isPartial = true;
  }

  get isPartial(): boolean {
    return this.#isPartial;
  }

  get isEmpty(): boolean {
    return this.#names.length === 0;
  }

  read(): { readonly names: readonly string[]; readonly isPartial: boolean } {
    const names = this.#names.length < 2 ? this.#names : [...new Set(this.#names)];
    return { names: Object.freeze(names), isPartial: this.#isPartial };
  }
}
