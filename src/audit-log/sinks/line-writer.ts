import { writeSync } from "node:fs";

/** The operating system did not take all the lines it was given. */
export class LineWriteError extends Error {
  override readonly name = "LineWriteError";
  /** As the operating system says it, such as `ENOSPC`. */
  readonly code: string | undefined;
  /** How many of the lines are not there as a whole. The others are written. */
  readonly lost: number;

  constructor(cause: unknown, lost: number) {
    const { code, message } = cause as NodeJS.ErrnoException;
    super(`not every line was written as a whole line: ${message}`, { cause });
    this.code = code;
    this.lost = lost;
  }
}

/** What the operating system took before it failed. */
interface Shortfall {
  readonly bytes: Buffer;
  readonly taken: number;
  readonly error: unknown;
}

/** Where the next line of a file begins. All writers of this thread to one file share it. */
export interface LineSeam {
  /** Whether the file ends in the middle of a line. */
  torn: boolean;
}

const LINE_END = 0x0a;
const seams = new Map<string, WeakRef<LineSeam>>();
/** So many are looked through for those of files that nobody writes to any more. Doubled with those in use. */
let tidyAt = 64;

/**
 * The seam of a file, shared by all who write to it: a record that one of them could not finish is no beginning of
 * another's next record.
 *
 * @param file - Names the file, whatever path led to it.
 * @param torn - Whether it was found to end in the middle of a line.
 */
export function sharedSeam(file: string, torn: boolean): LineSeam {
  const known = seams.get(file)?.deref();
  if (known !== undefined) {
    known.torn ||= torn;
    return known;
  }
  const seam = { torn };
  if (seams.size >= tidyAt) {
    for (const [name, reference] of seams) if (reference.deref() === undefined) seams.delete(name);
    tidyAt = Math.max(64, 2 * seams.size);
  }
  seams.set(file, new WeakRef(seam));
  return seam;
}

/**
 * Writes whole lines, none of them empty, to a file descriptor, synchronously. Short writes are continued; after a
 * failed one the next line starts on a line of its own, so that one torn record never spoils its neighbour.
 */
export class LineWriter {
  readonly #descriptor: number;
  readonly #seam: LineSeam;

  /** @param seam - Of a file that others write to as well, or whether the file ends in the middle of a line. */
  constructor(descriptor: number, seam: LineSeam | boolean = false) {
    this.#descriptor = descriptor;
    this.#seam = typeof seam === "boolean" ? { torn: seam } : seam;
  }

  /**
   * Writes the lines, line ends included.
   *
   * @returns What is left when the reader of a pipe is behind (EAGAIN): write that first, later.
   * @throws {@link LineWriteError} for every other error of the operating system: what is left is given up.
   */
  write(lines: Buffer): Buffer | undefined {
    const shortfall = this.#push(lines);
    if (shortfall === undefined) return undefined;
    if (!isWouldBlock(shortfall.error)) {
      this.#giveUp(shortfall);
      return undefined;
    }
    this.#seam.torn = false;
    return shortfall.bytes.subarray(shortfall.taken);
  }

  /** Writes the lines, line ends included, and gives up what is not taken. @throws {@link LineWriteError} */
  append(lines: Buffer): void {
    const shortfall = this.#push(lines);
    if (shortfall !== undefined) this.#giveUp(shortfall);
  }

  /** Ends a line that could not be finished, if the operating system takes that now. */
  finish(): void {
    if (this.#seam.torn) this.#push(Buffer.alloc(0));
  }

  #push(lines: Buffer): Shortfall | undefined {
    const bytes = this.#seam.torn ? Buffer.concat([Buffer.of(LINE_END), lines]) : lines;
    let taken = 0;
    try {
      taken = writeSync(this.#descriptor, bytes);
      while (taken < bytes.length) taken += writeSync(this.#descriptor, bytes, taken);
      this.#seam.torn = false;
      return undefined;
    } catch (error) {
      return { bytes, taken, error };
    }
  }

  #giveUp({ bytes, taken, error }: Shortfall): void {
    if (taken > 0) this.#seam.torn = bytes[taken - 1] !== LINE_END;
    const lost = countLines(bytes.subarray(taken));
    // All but the last line end is there, and the next line brings that.
    if (lost > 0) throw new LineWriteError(error, lost);
  }
}

/** A line end at the front completes what was written before: no line begins with it. */
function countLines(rest: Buffer): number {
  let count = 0;
  for (let at = rest.indexOf(LINE_END, 1); at !== -1; at = rest.indexOf(LINE_END, at + 1))
    count += 1;
  return count;
}

/** Not by `instanceof`: under Jest, errors of Node are of another realm. */
function isWouldBlock(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === "EAGAIN";
}
