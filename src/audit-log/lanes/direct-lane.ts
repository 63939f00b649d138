import type { DirectTransport } from "../sinks/direct-transport.js";
import { closedError, type Lane, type LaneContext } from "./lane.js";
import { LossTally } from "./loss-tally.js";

/** The lane of our own sinks that write each record by itself: it is written, or known to be lost, when `write` returns. */
export class DirectLane implements Lane {
  readonly direct = true;
  readonly #transport: DirectTransport;
  readonly #losses: LossTally;
  readonly #writeLine = (line: string): void => this.#transport.writeLine(line);
  #failing = false;

  constructor(transport: DirectTransport, context: LaneContext) {
    this.#transport = transport;
    this.#losses = new LossTally(context, transport.label);
    transport.on("lost", (count: number, error: unknown) => this.#lose(count, error));
  }

  get pending(): number {
    return this.#transport.pending;
  }

  get lost(): number {
    return this.#losses.total;
  }

  get failing(): boolean {
    return this.#failing;
  }

  write(line: string): void {
    try {
      if (this.#losses.owed) this.#losses.tell(this.#writeLine);
      this.#transport.writeLine(line);
      this.#failing = false;
    } catch (error) {
      this.#lose(1, error);
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

  #lose(count: number, error: unknown): void {
    this.#failing = true;
    this.#losses.add(count, error);
  }
}
