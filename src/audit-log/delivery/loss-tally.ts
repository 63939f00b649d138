import type { LaneContext } from "./lane.js";

/** Counts what one sink lost, and knows which part of it the sink was not told yet. */
export class LossTally {
  readonly #context: LaneContext;
  readonly #sink: string;
  #total = 0;
  #untold = 0;
  #since = 0;

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
    if (this.#untold === 0) this.#since = Date.now();
    this.#total += count;
    this.#untold += count;
    this.#context.report(this.#sink, this.#context.position, error, this.#total);
  }

  /** Hands the record of the losses to `write`; when that throws, they stay owed. */
  tell(write: (line: string) => void): void {
    write(this.#context.lossRecord(this.#sink, this.#untold, this.#since));
    this.#untold = 0;
  }
}
