import { recordOutput } from "../../core/app/record-output.js";
import { OutsideScope } from "../../core/calls/outside-scope.js";
import { addExitHook, removeExitHook } from "../process/exit-hooks.js";
import { afterRealTime } from "../process/real-time.js";
import { DirectTransport } from "./direct-transport.js";
import { LineWriter } from "./line-writer.js";

/** Several seconds of a busy API. Beyond that, records are lost and counted: memory has to end somewhere. */
const MAX_QUEUED_BYTES = 8 * 1024 * 1024;
const RETRY_MS = 10;
/** How long an exiting process waits for a reader that is behind. */
const EXIT_WAIT_MS = 1000;

/**
 * Writes lines to the standard output, synchronously. While the reader of a pipe is behind, lines wait in a bounded
 * queue, in order, so that a stalled log collector never stalls the API; an exiting process waits for the reader
 * for up to one second. Node's own stream for the standard output would forget what it holds.
 *
 * Each line is a write of its own. A pipe takes up to 4,096 bytes (PIPE_BUF) as a whole or not at all, so a line never
 * mixes with what the app or another process writes there; the lines of a turn together would be cut where the pipe is
 * full, in the middle of a line, and would stand behind what the app wrote later.
 */
export class StdoutTransport extends DirectTransport {
  readonly label = "stdoutSink";
  readonly #writer = new LineWriter(recordOutput());
  readonly #queue: Buffer[] = [];
  #queuedBytes = 0;
  #closed = false;
  readonly #flush = (): void => this.#flushAtExit();
  // Bound, so that the timer belongs to no request.
  readonly #retryLater = new OutsideScope("ExpressSecureApiAuditStdout").bind(() =>
    afterRealTime(RETRY_MS, () => this.#drain()),
  );

  override get pending(): number {
    return this.#queue.length;
  }

  override writeLine(line: string): void {
    if (this.#closed) throw new Error("the sink is closed");
    // Looking at process.stdout also makes Node open it, which makes a pipe non-blocking. What the app itself wrote
    // there and is still waiting goes first: a line of ours in the middle of one of its lines would spoil both.
    if (this.#queue.length > 0 || process.stdout.writableLength > 0) {
      this.#enqueue(Buffer.from(`${line}\n`));
      return;
    }
    const rest = this.#writer.write(Buffer.from(`${line}\n`));
    if (rest !== undefined) this.#enqueue(rest);
  }

  /** Standard output stays open: it belongs to the process. */
  override close(): void {
    this.#closed = true;
    this.#flushAtExit();
  }

  #enqueue(bytes: Buffer): void {
    if (this.#queuedBytes + bytes.length > MAX_QUEUED_BYTES) {
      throw behindError();
    }
    this.#queue.push(bytes);
    this.#queuedBytes += bytes.length;
    if (this.#queue.length > 1) return;
    addExitHook(this.#flush);
    this.#retryLater();
  }

  #drain(): void {
    if (process.stdout.writableLength === 0) this.#writeQueued();
    if (this.#queue.length > 0) this.#retryLater();
  }

  /** @returns Whether the queue is empty. */
  #writeQueued(): boolean {
    try {
      for (let next = this.#queue[0]; next !== undefined; next = this.#queue[0]) {
        const rest = this.#writer.write(next);
        if (rest !== undefined) {
          this.#queuedBytes += rest.length - next.length;
          this.#queue[0] = rest;
          return false;
        }
        this.#queuedBytes -= next.length;
        this.#queue.shift();
      }
    } catch (error) {
      // The reader is gone (EPIPE): nobody will ever read these.
      this.#giveUp(error);
    }
    removeExitHook(this.#flush);
    return true;
  }

  #flushAtExit(): void {
    if (this.#queue.length === 0) return;
    const clock = new Int32Array(new SharedArrayBuffer(4));
    // Counted, not timed: a clock that a test has stopped must not hold the process.
    for (let waited = 0; waited < EXIT_WAIT_MS && !this.#writeQueued(); waited += 1)
      Atomics.wait(clock, 0, 0, 1);
    if (this.#queue.length > 0) this.#giveUp(behindError());
  }

  #giveUp(error: unknown): void {
    const lost = this.#queue.length;
    this.#queue.length = 0;
    this.#queuedBytes = 0;
    this.emit("lost", lost, error);
  }
}

function behindError(): Error {
  return Object.assign(new Error("the reader of the standard output is behind"), {
    code: "ENOBUFS",
  });
}
