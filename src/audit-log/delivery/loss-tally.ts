import type { LaneContext } from "./lane.js";

/** Counts what one sink lost, and knows which part of it the sink was not told yet. */
export class LossTally {
  readonly #context: LaneContext;
  readonly #sink: string;
  #total = 0;
  #untold = 0;
  /** How many of the untold ones the last record offered names. */
  #offered = 0;
  #since = 0;
  /** When the first of those was lost that the offered record does not name. */
  #sinceOffered = 0;
  /** Of the next record of losses. It is taken when that is written: a sink sees no gap. */
  #number = 1;

  constructor(context: LaneContext, sink: string) {
    this.#context = context;
    this.#sink = sink;
  }

  get total(): number {
    return this.#total;
  }

  /** Whether the sink lacks records that it was not told about. */
  get owed(): boolean {
    return this.#untold > 0;
  }

  add(count: number, error: unknown): void {
    if (count > 0 && this.#untold === 0) this.#since = Date.now();
    if (count > 0 && this.#untold === this.#offered) this.#sinceOffered = Date.now();
    this.#untold += count;
    this.addUntellable(count, error);
  }

  /** Counts and reports what is lost when the sink gets no record any more. */
  addUntellable(count: number, error: unknown): void {
    this.#total += count;
    this.#context.report(this.#sink, this.#context.position, error, this.#total);
  }

  /** The record of all untold losses. They stay owed until {@link told}. */
  offer(): string {
    this.#offered = this.#untold;
    return this.#context.lossRecord(this.#sink, this.#untold, this.#since, this.#number);
  }

  /** Says that the record offered last is written. */
  told(): void {
    this.#number += 1;
    this.#context.lossTold?.();
    this.#untold -= this.#offered;
    this.#offered = 0;
    this.#since = this.#sinceOffered;
  }

  /** Hands the record of the losses to `write`; when that throws, they stay owed. */
  tell(write: (line: string) => void): void {
    write(this.offer());
    this.told();
  }
}
