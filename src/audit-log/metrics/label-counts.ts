import type { Attributes, Measurement } from "./audit-metrics.js";

interface Count {
  value: number;
  readonly attributes: Attributes;
}

/** In place of what there is no room for, as OpenTelemetry has it for methods. */
export const OTHER = "_OTHER";

/** Counts by two words, for a bounded number of pairs: what comes later shares one count. */
export class LabelCounts {
  readonly #toAttributes: (first: string, second: string) => Attributes;
  readonly #most: number;
  readonly #counts = new Map<string, Map<string, Count>>();
  readonly #all: Count[] = [];
  #rest: Count | undefined;

  /**
   * @param toAttributes - Is asked once for each pair.
   * @param most - How many pairs have counts of their own.
   */
  constructor(toAttributes: (first: string, second: string) => Attributes, most: number) {
    this.#toAttributes = toAttributes;
    this.#most = most;
  }

  add(first: string, second: string): void {
    const count = this.#counts.get(first)?.get(second);
    if (count !== undefined) count.value += 1;
    else this.#make(first, second).value += 1;
  }

  read(): readonly Measurement[] {
    return this.#all;
  }

  #make(first: string, second: string): Count {
    if (this.#all.length >= this.#most) {
      this.#rest ??= this.#keep(OTHER, OTHER);
      return this.#rest;
    }
    const count = this.#keep(first, second);
    const seconds = this.#counts.get(first) ?? new Map<string, Count>();
    this.#counts.set(first, seconds.set(second, count));
    return count;
  }

  #keep(first: string, second: string): Count {
    const count = { value: 0, attributes: Object.freeze(this.#toAttributes(first, second)) };
    this.#all.push(count);
    return count;
  }
}
