import type { Work } from "./work.js";

/** What a schema that fits has looked at. */
export interface Coverage {
  /** Members by name. */
  readonly names: ReadonlySet<string> | "all" | undefined;
  /** Items up to this index. */
  readonly items: number;
  /** Single items: those that `contains` fits. */
  readonly indexes: ReadonlySet<number> | undefined;
}

/** What a schema that says nothing about members and items has looked at. */
export const NOTHING: Coverage = { names: undefined, items: 0, indexes: undefined };

/** What one schema has looked at so far. Without a keyword that asks for it, nothing is kept. */
export class Seen {
  items = 0;
  #names: ReadonlySet<string> | "all" | undefined;
  /** The set behind `#names`, where nobody else has it. Sets are shared until one of them grows. */
  #own: Set<string> | undefined;
  #indexes: Set<number> | undefined;
  readonly #work: Work | undefined;

  /** @param work - Counts what is copied; without it, nothing is kept. */
  constructor(work: Work | undefined) {
    this.#work = work;
  }

  /** Adds what a subschema has looked at. @returns Whether it fits. */
  add(coverage: Coverage | undefined): boolean {
    if (coverage === undefined) return false;
    if (this.#work === undefined || coverage === NOTHING) return true;
    this.addItems(coverage.items);
    for (const index of coverage.indexes ?? []) this.addItem(index);
    const { names } = coverage;
    if (names === undefined || names === this.#names) return true;
    if (names === "all" || this.#names === undefined) {
      this.#names = names;
      this.#own = undefined;
    } else {
      for (const name of names) this.addName(name);
    }
    return true;
  }

  addName(name: string): void {
    if (this.#work === undefined || this.#names === "all") return;
    if (this.#own === undefined) {
      this.#work.spend(this.#names?.size ?? 0);
      this.#own = new Set(this.#names);
      this.#names = this.#own;
    }
    this.#work.spend(1);
    this.#own.add(name);
  }

  addAllNames(): void {
    this.#names = "all";
  }

  addItems(end: number): void {
    if (end > this.items) this.items = end;
  }

  addItem(index: number): void {
    if (this.#work === undefined || index < this.items) return;
    this.#work.spend(1);
    this.#indexes ??= new Set();
    this.#indexes.add(index);
  }

  hasName(name: string): boolean {
    return this.#names === "all" || this.#names?.has(name) === true;
  }

  hasItem(index: number): boolean {
    return index < this.items || this.#indexes?.has(index) === true;
  }

  coverage(): Coverage {
    if (this.#work === undefined) return NOTHING;
    const names = this.#names;
    const indexes = this.#indexes;
    if (this.items === 0 && names === undefined && indexes === undefined) return NOTHING;
    this.#own = undefined;
    return { names, items: this.items, indexes };
  }
}
