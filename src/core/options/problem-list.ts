import { OptionsError } from "./options-error.js";

/** An item of a list, or what stands alone in place of a list, with the path that users know it by. */
export interface OptionItem {
  readonly value: unknown;
  /** Notes a problem with the item: `<path> <sentence>`. */
  note(sentence: string): void;
}

/** What is wrong with the options of one factory. Nested readers share the list of the outermost one. */
export class ProblemList {
  readonly #problems: string[] = [];

  /** Whether nothing was noted so far. */
  get isEmpty(): boolean {
    return this.#problems.length === 0;
  }

  /** Notes `<path> <sentence>`. */
  note(path: string, sentence: string): void {
    this.#problems.push(`${path} ${sentence}`);
  }

  /** Takes over the problems of an error that another factory threw for the same user. */
  adopt(error: OptionsError, prefix: string): void {
    for (const problem of error.problems) this.#problems.push(`${prefix}${problem}`);
  }

  /** The value at `path`, with the means to note what is wrong with it. */
  item(path: string, value: unknown): OptionItem {
    return { value, note: (sentence) => this.note(path, sentence) };
  }

  /** The items of the list at `path`, holes included, each at `<path>[<index>]`. */
  items(path: string, list: readonly unknown[]): readonly OptionItem[] {
    return Array.from(list, (value, index) => this.item(`${path}[${index}]`, value));
  }

  /** Throws one {@link OptionsError} with every problem noted so far, if there is any. */
  finish(): void {
    if (this.#problems.length > 0) throw new OptionsError(this.#problems);
  }
}
