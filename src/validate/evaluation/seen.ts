/** What a schema that fits has looked at: members by name, and items up to an index. */
export interface Coverage {
  readonly names: ReadonlySet<string> | "all" | undefined;
  readonly items: number;
}

/** What a schema that says nothing about members and items has looked at. */
export const NOTHING: Coverage = { names: undefined, items: 0 };

/** What one schema has looked at so far. Without a keyword that asks for it, nothing is kept. */
export class Seen {
  items = 0;
  #names: ReadonlySet<string> | "all" | undefined;
  /** The set behind `#names`, where nobody else has it. Sets are shared until one of them grows. */
  #own: Set<string> | undefined;
  readonly #tracks: boolean;

  constructor(tracks: boolean) {
    this.#tracks = tracks;
  }

  /** Adds what a subschema has looked at. @returns Whether it fits. */
  add(coverage: Coverage | undefined): boolean {
    if (coverage === undefined) return false;
    if (!this.#tracks || coverage === NOTHING) return true;
    this.addItems(coverage.items);
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
    if (!this.#tracks || this.#names === "all") return;
    this.#own ??= new Set(this.#names);
    this.#own.add(name);
    this.#names = this.#own;
  }

  addAllNames(): void {
    this.#names = "all";
  }

  addItems(end: number): void {
    if (end > this.items) this.items = end;
  }

  hasName(name: string): boolean {
    return this.#names === "all" || this.#names?.has(name) === true;
  }

  coverage(): Coverage {
    if (!this.#tracks || (this.items === 0 && this.#names === undefined)) return NOTHING;
    this.#own = undefined;
    return { names: this.#names, items: this.items };
  }
}
