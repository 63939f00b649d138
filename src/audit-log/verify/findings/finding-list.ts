import { FINDING_KINDS, type Finding, type FindingKind } from "./finding.js";

/** What is known of a finding besides its kind. */
export type FindingFacts = Omit<Finding, "kind" | "verdict">;

/** Collects findings: as many as are asked for, and the counts of all. */
export class FindingList {
  /** Of each kind, those that were left out included. */
  readonly counts = new Map<FindingKind, number>();
  readonly #kept: Finding[] = [];
  /** Of those that are kept, the ones that are about no change. */
  #lesser = 0;
  readonly #max: number;
  /** What is already said to be wrong: one reason for each record is enough. */
  readonly #blamed = new Set<string>();
  /** Streams in which something was changed. */
  readonly #tampered = new Set<string>();
  readonly #incomplete = new Set<string>();

  /** @param max - How many are kept. Those about changes push out others. */
  constructor(max: number) {
    this.#max = max;
  }

  add(kind: FindingKind, facts: FindingFacts): void {
    const verdict = FINDING_KINDS[kind];
    const { stream } = facts;
    if (stream !== undefined && verdict === "tampered") this.#tampered.add(stream);
    if (stream !== undefined && verdict === "incomplete") this.#incomplete.add(stream);
    this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1);
    if (this.#kept.length < this.#max) {
      this.#kept.push({ kind, verdict, ...facts });
      if (verdict !== "tampered") this.#lesser += 1;
    } else if (verdict === "tampered" && this.#lesser > 0) {
      this.#replace({ kind, verdict, ...facts });
    }
  }

  /** Says once that a record is not what it was. */
  blame(kind: FindingKind, stream: string, number: number, facts: FindingFacts): void {
    if (this.isBlamed(stream, number)) return;
    if (this.#blamed.size < MAX_BLAMED) this.#blamed.add(`${stream}-${number}`);
    this.add(kind, { ...facts, stream, first: number, last: number });
  }

  isBlamed(stream: string, number: number): boolean {
    return this.#blamed.has(`${stream}-${number}`);
  }

  /** In the order of the files, those without a place behind. */
  get kept(): readonly Finding[] {
    return this.#kept;
  }

  get total(): number {
    let total = 0;
    for (const count of this.counts.values()) total += count;
    return total;
  }

  has(verdict: Finding["verdict"]): boolean {
    for (const kind of this.counts.keys()) if (FINDING_KINDS[kind] === verdict) return true;
    return false;
  }

  isTampered(stream: string): boolean {
    return this.#tampered.has(stream);
  }

  isIncomplete(stream: string): boolean {
    return this.#incomplete.has(stream);
  }

  #replace(finding: Finding): void {
    const index = this.#kept.findLastIndex(({ verdict }) => verdict !== "tampered");
    this.#kept.splice(index, 1);
    this.#lesser -= 1;
    this.#kept.push(finding);
  }
}

/** A log of which every line was changed must not fill the memory. */
const MAX_BLAMED = 100_000;
