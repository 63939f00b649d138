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
  #names: Set<string> | "all" | undefined;
  readonly #tracks: boolean;

  constructor(tracks: boolean) {
    this.#tracks = tracks;
  }

  /** Adds what a subschema has looked at. @returns Whether it fits. */
  add(coverage: Coverage | undefined): boolean {
    if (coverage === undefined) return false;
    if (!this.#tracks || coverage === NOTHING) return true;
    this.addItems(coverage.items);
    if (coverage.names === "all") this.#names = "all";
    else for (const name of coverage.names ?? []) this.addName(name);
    return true;
  }

  addName(name: string): void {
    if (!this.#tracks || this.#names === "all") return;
    this.#names ??= new Set();
    this.#names.add(name);
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
    return { names: this.#names, items: this.items };
  }
}
