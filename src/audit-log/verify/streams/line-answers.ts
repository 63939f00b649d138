/** More are not asked: then there is no order in these files. */
const MAX_ASKED = 100_000;
const MAX_HASHES = 8;

/**
 * Which hashes the lines of some records have. Hashes are not kept while the files are read, because there are as many
 * as lines; where they matter is known when everything was read, and the files are read again.
 */
export class LineAnswers {
  readonly #asked = new Map<string, Map<number, Set<string>>>();
  #count = 0;

  ask(stream: string, number: number): void {
    if (this.#count >= MAX_ASKED) return;
    let numbers = this.#asked.get(stream);
    if (numbers === undefined) {
      numbers = new Map();
      this.#asked.set(stream, numbers);
    }
    if (numbers.has(number)) return;
    numbers.set(number, new Set());
    this.#count += 1;
  }

  get isEmpty(): boolean {
    return this.#count === 0;
  }

  isAsked(stream: string, number: number): boolean {
    return this.#asked.get(stream)?.has(number) === true;
  }

  answer(stream: string, number: number, hash: string): void {
    const hashes = this.#asked.get(stream)?.get(number);
    if (hashes !== undefined && hashes.size < MAX_HASHES) hashes.add(hash);
  }

  /** Empty when nobody asked, or there is no such line in the files that could be read again. */
  hashesOf(stream: string, number: number): ReadonlySet<string> {
    return this.#asked.get(stream)?.get(number) ?? new Set();
  }
}
