import { writeSync } from "node:fs";

const LINE_END = 0x0a;

/**
 * Writes whole lines to a file descriptor, synchronously. Short writes are continued; after a failed one the next
 * line starts on a line of its own, so that one torn record never spoils its neighbour.
 */
export class LineWriter {
  readonly #descriptor: number;
  #torn: boolean;

  constructor(descriptor: number, torn = false) {
    this.#descriptor = descriptor;
    this.#torn = torn;
  }

  /** Says that the rest of a line will never be written. */
  tear(): void {
    this.#torn = true;
  }

  /**
   * Writes the text, line end included.
   *
   * @returns What is left when the reader of a pipe is behind (EAGAIN): write that first, later.
   * @throws Every other error of the operating system.
   */
  write(text: string | Buffer): Buffer | undefined {
    const data = this.#torn ? Buffer.concat([Buffer.from("\n"), Buffer.from(text)]) : text;
    const size = typeof data === "string" ? Buffer.byteLength(data) : data.length;
    let written = 0;
    try {
      written =
        typeof data === "string"
          ? writeSync(this.#descriptor, data)
          : writeSync(this.#descriptor, data);
      if (written < size) {
        const bytes = Buffer.from(data);
        while (written < size) written += writeSync(this.#descriptor, bytes, written);
      }
      this.#torn = false;
      return undefined;
    } catch (error) {
      const bytes = Buffer.from(data);
      if (isWouldBlock(error)) {
        this.#torn = false;
        return bytes.subarray(written);
      }
      if (written > 0) this.#torn = bytes[written - 1] !== LINE_END;
      throw error;
    }
  }
}

function isWouldBlock(error: unknown): boolean {
  return error instanceof Error && (error as NodeJS.ErrnoException).code === "EAGAIN";
}
