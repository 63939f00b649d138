import { closeSync } from "node:fs";
import { DirectTransport } from "./direct-transport.js";
import { type LineSeam, LineWriter } from "./line-writer.js";

/** When `auditLog` hands its records to a file. */
export type WriteMoment = "turn" | "record";

/** Appends lines to an open file: they are with the operating system before a call returns. */
export class FileTransport extends DirectTransport {
  readonly label = "fileSink";
  /** For the lane: a transport writes what it is given at once. */
  readonly writeMoment: WriteMoment;
  readonly #writer: LineWriter;
  #descriptor: number | undefined;

  /**
   * @param descriptor - Of a file that is open for appending; closed with the transport.
   * @param seam - Of a file that others write to as well, or whether the file ends in the middle of a line.
   */
  constructor(descriptor: number, seam: LineSeam | boolean, writeMoment: WriteMoment = "record") {
    super();
    this.#descriptor = descriptor;
    this.writeMoment = writeMoment;
    this.#writer = new LineWriter(descriptor, seam);
  }

  override writeLine(line: string): void {
    this.writeLines(`${line}\n`);
  }

  /**
   * Appends several lines, given with their line ends, with one call of the operating system.
   *
   * @throws {@link LineWriteError} when not all of them were written as a whole.
   */
  writeLines(text: string): void {
    if (this.#descriptor === undefined) throw new Error("the file is closed");
    this.#writer.append(text);
  }

  override close(): void {
    if (this.#descriptor === undefined) return;
    const descriptor = this.#descriptor;
    this.#descriptor = undefined;
    closeSync(descriptor);
  }
}
