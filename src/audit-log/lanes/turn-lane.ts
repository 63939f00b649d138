import { flushAtTurnEnd, leaveTurns, type TurnUser } from "../process/turn-end.js";
import type { FileTransport } from "../sinks/file-transport.js";
import { LineWriteError } from "../sinks/line-writer.js";
import { HeldLines } from "./held-lines.js";
import { closedError, type Lane, type LaneContext } from "./lane.js";
import { LossTally } from "./loss-tally.js";

/**
 * The lane of a file whose records share a write: those of one turn of the event loop are appended together when it
 * ends, or as soon as they are many. Each is written then, or known to be lost.
 */
export class TurnLane implements Lane, TurnUser {
  readonly direct = true;
  readonly stalled = false;
  readonly #transport: FileTransport;
  readonly #losses: LossTally;
  readonly #writeLine = (line: string): void => this.#transport.writeLine(line);
  #held = new HeldLines();
  #lastNumber = 0;
  /** What is lost later than it was written is at most this one. */
  #lastWritten = 0;
  #failing = false;
  #closed = false;

  constructor(transport: FileTransport, context: LaneContext) {
    this.#transport = transport;
    this.#losses = new LossTally(context, transport.label);
    transport.on("lost", (count: number, error: unknown, later = 0) =>
      this.#lose(count, error, this.#lastWritten - later),
    );
  }

  get label(): string {
    return this.#losses.label;
  }

  get pending(): number {
    return this.#held.count;
  }

  get oldest(): number | undefined {
    const { count } = this.#held;
    return count === 0 ? undefined : this.#lastNumber - count + 1;
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
    if (this.#held.isFullFor(line)) this.flush();
    this.#lastNumber = number;
    this.#held.add(line);
    if (this.#closed) this.flush();
    else if (this.#held.count === 1) flushAtTurnEnd(this);
  }

  flush(): void {
    const held = this.#held;
    // What is caused meanwhile comes behind.
    this.#held = new HeldLines();
    this.#flush(held);
    held.clear();
    if (this.#held.count === 0) this.#held = held;
  }

  #flush({ bytes, count }: HeldLines): void {
    try {
      if (this.#losses.owed) this.#losses.tell(this.#writeLine);
    } catch (error) {
      // Without records, the losses were reported when they happened.
      if (count > 0) this.#lose(count, error);
      return;
    }
    try {
      if (count > 0) this.#transport.writeLines(bytes, count);
      this.#lastWritten = this.#lastNumber;
      this.#failing = false;
    } catch (error) {
      this.#lose(error instanceof LineWriteError ? error.lost : count, error);
    }
  }

  settle(): void {
    if (this.#held.count > 0 || this.#losses.owed) this.flush();
  }

  refuse(): void {
    this.#failing = true;
    this.#losses.addUntellable(1, closedError());
  }

  close(): void {
    this.#closed = true;
    this.settle();
    leaveTurns(this);
    this.#transport.close();
  }

  #lose(count: number, error: unknown, last = this.#lastNumber): void {
    this.#failing = true;
    this.#losses.add(count, error, last);
  }
}
