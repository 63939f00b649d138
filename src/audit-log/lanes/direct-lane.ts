import type { DirectTransport } from "../sinks/direct-transport.js";
import { closedError, type Lane, type LaneContext } from "./lane.js";
import { LossTally } from "./loss-tally.js";

/** The lane of our own sinks that write each record by itself: it is written, or known to be lost, when `write` returns. */
export class DirectLane implements Lane {
  readonly direct = true;
  // The kernel takes a line or refuses it. What waits for the reader of a pipe is bounded, and fails when that is full.
  readonly stalled = false;
  readonly #transport: DirectTransport;
  readonly #losses: LossTally;
  readonly #writeLine = (line: string): void => this.#transport.writeLine(line);
  #failing = false;
  #lastNumber = 0;

  constructor(transport: DirectTransport, context: LaneContext) {
    this.#transport = transport;
    this.#losses = new LossTally(context, transport.label);
    transport.on("lost", (count: number, error: unknown, later = 0) =>
      this.#lose(count, error, this.#lastNumber - later),
    );
  }

  get label(): string {
    return this.#losses.label;
  }

  get pending(): number {
    return this.#transport.pending;
  }

  get oldest(): number | undefined {
    const { pending } = this.#transport;
    return pending === 0 ? undefined : this.#lastNumber - pending + 1;
  }

  get owing(): boolean {
    return this.#losses.owed;
  }

  get lost(): number {
    return this.#losses.total;
  }

  get failing(): boolean {
    return this.#failing;
  }

  write(line: string, number: number): void {
    try {
      if (this.#losses.owed) this.#losses.tell(this.#writeLine);
      this.#transport.writeLine(line);
      this.#lastNumber = number;
      this.#failing = false;
    } catch (error) {
      this.#lose(1, error, number);
    }
  }

  settle(): void {
    if (!this.#losses.owed) return;
    try {
      this.#losses.tell(this.#writeLine);
      this.#failing = false;
    } catch {
      // Still failing: these losses were reported when they happened.
    }
  }

  refuse(): void {
    this.#failing = true;
    this.#losses.addUntellable(1, closedError());
  }

  close(): void {
    this.#transport.close();
  }

  #lose(count: number, error: unknown, last: number): void {
    this.#failing = true;
    this.#losses.add(count, error, last);
  }
}
