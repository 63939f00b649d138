import type { LaneContext, Losses } from "./lane.js";

/** Counts what one sink lost, and knows which part of it the sink was not told yet. */
export class LossTally {
  /** The sink, for messages. */
  readonly label: string;
  readonly #context: LaneContext;
  #total = 0;
  /** What the last record offered names. */
  #offered: Losses | undefined;
  /** What it does not. */
  #rest: Losses | undefined;

  constructor(context: LaneContext, label: string) {
    this.#context = context;
    this.label = label;
  }

  get total(): number {
    return this.#total;
  }

  /** Whether the sink lacks records that it was not told about. */
  get owed(): boolean {
    return this.#offered !== undefined || this.#rest !== undefined;
  }

  /**
   * Counts and reports records that are lost.
   *
   * @param last - The number of the last of them: without holes between them, the first one follows.
   */
  add(count: number, error: unknown, last = 0): void {
    if (count > 0) {
      const losses = { count, since: Date.now(), first: last - count + 1, last };
      this.#rest = merged(this.#rest, losses);
    }
    this.addUntellable(count, error);
  }

  /** Counts and reports what is lost when the sink gets no record any more. */
  addUntellable(count: number, error: unknown): void {
    this.#total += count;
    this.#context.report(this.label, this.#context.position, error, this.#total);
  }

  /** The record of all untold losses, of which there must be some. They stay owed until {@link told}. */
  offer(): string {
    const offered = merged(this.#offered, this.#rest);
    this.#offered = offered;
    this.#rest = undefined;
    return this.#context.lossRecord(this.label, offered as Losses);
  }

  /** Says that the record offered last is written. */
  told(): void {
    this.#context.lossTold();
    this.#offered = undefined;
  }

  /** Hands the record of the losses to `write`; when that throws, they stay owed. */
  tell(write: (line: string) => void): void {
    write(this.offer());
    this.told();
  }
}

function merged(earlier: Losses | undefined, later: Losses | undefined): Losses | undefined {
  if (earlier === undefined || later === undefined) return earlier ?? later;
  return {
    count: earlier.count + later.count,
    since: earlier.since,
    first: Math.min(earlier.first, later.first),
    last: Math.max(earlier.last, later.last),
  };
}
