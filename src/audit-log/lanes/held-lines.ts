/** Bytes. A turn that does not end, such as a loop of the app, must not collect without a limit. */
const ROOM = 64 * 1024;
/** Of UTF-8, for one UTF-16 code unit. */
const MOST_BYTES = 3;
const LINE_END = 0x0a;

/** Lines that share a write: encoded as they come, so that the write copies nothing. */
export class HeldLines {
  #buffer: Buffer | undefined;
  #size = 0;
  #count = 0;

  /** How many there are. */
  get count(): number {
    return this.#count;
  }

  /** All of them, with their line ends. Good until they are cleared. */
  get bytes(): Buffer {
    return this.#buffer?.subarray(0, this.#size) ?? Buffer.alloc(0);
  }

  /** Whether the line may find no room behind those that are here. Alone, each does. */
  isFullFor(line: string): boolean {
    return this.#count > 0 && this.#size + roomOf(line) > ROOM;
  }

  add(line: string): void {
    const buffer = this.#bufferFor(this.#size + roomOf(line));
    const end = this.#size + buffer.write(line, this.#size, "utf8");
    buffer[end] = LINE_END;
    this.#size = end + 1;
    this.#count += 1;
  }

  /** One of this size at least, with the lines that are here: what a failed write causes may have come in between. */
  #bufferFor(size: number): Buffer {
    const buffer = this.#buffer;
    if (buffer !== undefined && size <= buffer.length) return buffer;
    const larger = Buffer.allocUnsafeSlow(Math.max(ROOM, size));
    buffer?.copy(larger, 0, 0, this.#size);
    this.#buffer = larger;
    return larger;
  }

  clear(): void {
    // One long line keeps no memory for good.
    if (this.#buffer !== undefined && this.#buffer.length > ROOM) this.#buffer = undefined;
    this.#size = 0;
    this.#count = 0;
  }
}

function roomOf(line: string): number {
  return line.length * MOST_BYTES + 1;
}
