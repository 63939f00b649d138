import { createReadStream } from "node:fs";
import { pipeline, Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { LineSplitter, type LogLines } from "./line-splitter.js";
import { LogFileError } from "./log-file-error.js";

export type { LogLines } from "./line-splitter.js";

/** What was seen of a file besides its lines. */
export interface LogFileFacts {
  /** A last line without a line end included. */
  readonly lines: number;
  /** After decompression. */
  readonly bytes: number;
  /** Whether it was gzip data, whatever its name is. */
  readonly compressed: boolean;
  readonly byteOrderMark: boolean;
  /** Lines that ended in CRLF. */
  readonly carriageReturns: number;
  /** Whether the gzip data is cut or broken. The lines in front of that were shown. */
  readonly damaged: boolean;
}

/** The name of the standard input. */
const STANDARD_INPUT = "-";
const CHUNK = 512 * 1024;

/**
 * Shows the lines of a log file, plain or compressed with gzip, in the order of the file. It holds one chunk and one
 * line, however long the file is and whatever it decompresses to.
 *
 * @param file - A path, or `-` for the standard input.
 * @throws LogFileError when the file cannot be read; what `lines` throws comes out as it is.
 */
export async function readLogFile(file: string, lines: LogLines): Promise<LogFileFacts> {
  const splitter = new LineSplitter(lines);
  const source =
    file === STANDARD_INPUT ? process.stdin : createReadStream(file, { highWaterMark: CHUNK });
  const chunks = readFrom(source, file);
  const first = await firstBytes(chunks);
  const compressed = first[0] === 0x1f && first[1] === 0x8b;
  let damaged = false;
  try {
    if (compressed) damaged = await decompress(first, chunks, splitter);
    else {
      splitter.write(first);
      for await (const chunk of chunks) splitter.write(chunk);
    }
    splitter.end();
  } finally {
    source.destroy();
  }
  const { bytes, byteOrderMark, carriageReturns } = splitter;
  return { lines: splitter.lines, bytes, compressed, byteOrderMark, carriageReturns, damaged };
}

/** Its errors are those of the file, to be told from what is thrown by those who are shown the lines. */
async function* readFrom(source: Readable, file: string): AsyncGenerator<Buffer, void> {
  const chunks: AsyncIterator<Buffer> = source[Symbol.asyncIterator]();
  for (;;) {
    let next: IteratorResult<Buffer>;
    try {
      next = await chunks.next();
    } catch (error) {
      throw new LogFileError(file, error);
    }
    if (next.done === true) return;
    yield next.value;
  }
}

/** Enough to see what it is: a pipe may give one byte at a time. */
async function firstBytes(chunks: AsyncGenerator<Buffer, void>): Promise<Buffer> {
  let first: Buffer = Buffer.alloc(0);
  while (first.length < 2) {
    const next = await chunks.next();
    if (next.done === true) break;
    first = Buffer.concat([first, next.value]);
  }
  return first;
}

/** Whether the data is damaged. */
async function decompress(
  first: Buffer,
  rest: AsyncGenerator<Buffer, void>,
  splitter: LineSplitter,
): Promise<boolean> {
  async function* all(): AsyncGenerator<Buffer, void> {
    yield first;
    yield* rest;
  }
  const gunzip = createGunzip({ chunkSize: CHUNK });
  // It ends the one when the other ends. Errors come out of the iteration below.
  pipeline(Readable.from(all(), { objectMode: false }), gunzip, () => undefined);
  const chunks: AsyncIterator<Buffer> = gunzip[Symbol.asyncIterator]();
  for (;;) {
    let next: IteratorResult<Buffer>;
    try {
      next = await chunks.next();
    } catch (error) {
      const { code } = (error ?? {}) as { readonly code?: unknown };
      if (typeof code === "string" && code.startsWith("Z_")) return true;
      throw error;
    }
    if (next.done === true) return false;
    splitter.write(next.value);
  }
}
