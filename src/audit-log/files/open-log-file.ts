import { closeSync, fstatSync, openSync, readSync, realpathSync, statSync } from "node:fs";
import { resolve } from "node:path";

/** A file that is open for appending. */
export interface OpenLogFile {
  readonly descriptor: number;
  /** The file itself, where the path that was given leads through symbolic links. */
  readonly path: string;
  /** Names the file, whatever path led to it; `undefined` for what is no regular file. */
  readonly identity: FileIdentity | undefined;
  /** Whether it ends in the middle of a line. */
  readonly torn: boolean;
  readonly size: number;
  /** When it was last written to, in milliseconds of the Unix epoch. */
  readonly writtenAt: number;
}

/** What tells a file from every other one as long as it exists. */
interface FileIdentity {
  readonly dev: number;
  readonly ino: number;
}

const LINE_END = 0x0a;
/** An end that is the same in so many looks stays so: 100 ms, for which a writer that was interrupted may stand still. */
const EQUAL_LOOKS = 25;
const MAX_LOOKS = 50;
const LOOK_MS = 4;
const CLOCK = new Int32Array(new SharedArrayBuffer(4));

/** Other processes may move a file as often as they rotate it: more often than this it is not their doing. */
const MAX_TRIES = 10;

/**
 * Opens a file for appending, and makes it with mode 0600 when it does not exist.
 *
 * @throws What the operating system says, or that it is a pipe or a socket.
 */
export function openLogFile(path: string): OpenLogFile {
  for (let tries = 1; ; tries += 1) {
    const file = openOnce(path);
    if (file !== undefined) return file;
    if (tries === MAX_TRIES) throw new Error("somebody moves it whenever it is opened");
  }
}

/** @returns `undefined` when another process has moved the file before it was known where it is. */
function openOnce(path: string): OpenLogFile | undefined {
  // Opening a named pipe waits for its reader, without end: look first.
  const existing = statSync(path, { throwIfNoEntry: false });
  if (existing?.isFIFO() || existing?.isSocket()) throw new Error("it is a pipe or a socket");
  const descriptor = openSync(path, "a", 0o600);
  try {
    const file = fstatSync(descriptor);
    const regular = file.isFile();
    return {
      descriptor,
      path: regular ? realpathSync(path) : resolve(path),
      identity: regular ? { dev: file.dev, ino: file.ino } : undefined,
      torn: regular && endsTorn(path),
      size: file.size,
      writtenAt: file.mtimeMs,
    };
  } catch (error) {
    closeSync(descriptor);
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/**
 * Whether a file ends in the middle of a line. Another process may be in the middle of a write, of which a part can be
 * seen already: only an end that stays the same is torn. Where that writer stands still for longer, its line is followed
 * by an empty one, which does no harm.
 */
function endsTorn(path: string): boolean {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(path, "r");
    const last = Buffer.alloc(1);
    let before = -1;
    let equal = 0;
    for (let look = 0; look < MAX_LOOKS; look += 1) {
      const { size } = fstatSync(descriptor);
      if (size === 0) return false;
      if (readSync(descriptor, last, 0, 1, size - 1) === 1 && last[0] === LINE_END) return false;
      equal = size === before ? equal + 1 : 0;
      if (equal === EQUAL_LOOKS) return true;
      before = size;
      Atomics.wait(CLOCK, 0, 0, LOOK_MS);
    }
    return false;
  } catch {
    // A file that may be written but not read: an empty line at the seam does no harm.
    return true;
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}
