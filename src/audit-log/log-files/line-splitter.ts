/** Who is shown the lines of a file, one after the other. */
export interface LogLines {
  /**
   * One line.
   *
   * @param bytes - Without the line end and without the byte order mark of the file: a view that is valid during this
   *   call only. An empty line has no bytes.
   * @param number - From 1.
   * @param ended - `false` for a last line without a line end.
   */
  line(bytes: Buffer, number: number, ended: boolean): void;
  /** A line of more than {@link MAX_LINE_BYTES}, of which nothing was kept. */
  longLine(number: number, bytes: number): void;
}

/** Longer lines are skipped: a record has 64 kb at most, and what is read here may be anything. */
export const MAX_LINE_BYTES = 16 * 1024 * 1024;

const LF = 0x0a;
const CR = 0x0d;
const FIRST_PART = 64 * 1024;

/**
 * Cuts a stream of bytes into lines. It copies only lines that stand in two chunks, and holds one line at most.
 *
 * A byte order mark in front of the first line and the CR of a line end are taken away, and counted.
 */
export class LineSplitter {
  byteOrderMark = false;
  carriageReturns = 0;
  lines = 0;
  bytes = 0;
  readonly #visit: LogLines;
  /** The beginning of a line whose end was not seen yet; it grows by doubling, however small the chunks are. */
  #part: Buffer = Buffer.alloc(0);
  /** Bytes of that beginning: more than are kept, once it is too long. */
  #length = 0;

  constructor(visit: LogLines) {
    this.#visit = visit;
  }

  write(chunk: Buffer): void {
    this.bytes += chunk.length;
    let start = 0;
    for (let end = chunk.indexOf(LF); end !== -1; end = chunk.indexOf(LF, start)) {
      if (this.#length === 0) this.#show(chunk.subarray(start, end), true);
      else {
        this.#keep(chunk, start, end);
        this.#showKept(true);
      }
      start = end + 1;
    }
    if (start < chunk.length) this.#keep(chunk, start, chunk.length);
  }

  /** Shows what stands behind the last line end. */
  end(): void {
    if (this.#length > 0) this.#showKept(false);
    this.#part = Buffer.alloc(0);
  }

  #keep(chunk: Buffer, start: number, end: number): void {
    const length = this.#length + end - start;
    if (length <= MAX_LINE_BYTES) {
      if (length > this.#part.length) this.#grow(length);
      chunk.copy(this.#part, this.#length, start, end);
    }
    this.#length = length;
  }

  #grow(needed: number): void {
    const size = Math.max(needed, Math.min(this.#part.length * 2, MAX_LINE_BYTES), FIRST_PART);
    const grown = Buffer.allocUnsafe(size);
    this.#part.copy(grown, 0, 0, this.#length);
    this.#part = grown;
  }

  #showKept(ended: boolean): void {
    const length = this.#length;
    this.#length = 0;
    if (length > MAX_LINE_BYTES) {
      this.lines += 1;
      this.#visit.longLine(this.lines, length);
    } else this.#show(this.#part.subarray(0, length), ended);
  }

  #show(line: Buffer, ended: boolean): void {
    if (line.length > MAX_LINE_BYTES) {
      this.lines += 1;
      this.#visit.longLine(this.lines, line.length);
      return;
    }
    this.lines += 1;
    let shown = line;
    if (this.lines === 1 && line[0] === 0xef && line[1] === 0xbb && line[2] === 0xbf) {
      this.byteOrderMark = true;
      shown = shown.subarray(3);
    }
    if (ended && shown.length > 0 && shown[shown.length - 1] === CR) {
      this.carriageReturns += 1;
      shown = shown.subarray(0, -1);
    }
    this.#visit.line(shown, this.lines, ended);
  }
}
