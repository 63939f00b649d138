import { closeSync } from "node:fs";
import { DirectTransport } from "./direct-transport.js";
import { LineWriter } from "./line-writer.js";

/** Appends lines to an open file: each is with the operating system before `writeLine` returns. */
export class FileTransport extends DirectTransport {
  readonly label = "fileSink";
  readonly #writer: LineWriter;
  #descriptor: number | undefined;

  /**
   * @param descriptor - Of a file that is open for appending; closed with the transport.
   * @param torn - Whether the file ends in the middle of a line.
   */
  constructor(descriptor: number, torn: boolean) {
    super();
    this.#descriptor = descriptor;
    this.#writer = new LineWriter(descriptor, torn);
  }

  override writeLine(line: string): void {
    if (this.#descriptor === undefined) throw new Error("the file is closed");
    if (this.#writer.write(`${line}\n`) === undefined) return;
    // A device that does not wait: regular files always do.
    this.#writer.tear();
    throw new Error("the file does not take a whole line");
  }

  override close(): void {
    if (this.#descriptor === undefined) return;
    const descriptor = this.#descriptor;
    this.#descriptor = undefined;
    closeSync(descriptor);
  }
}
