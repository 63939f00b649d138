import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";

/** Records without a gap that a segment holds of one stream. */
export interface SegmentStream {
  readonly stream: string;
  readonly first: number;
  readonly last: number;
  /** SHA-256 of the bytes of the last line, in base64url. */
  readonly hash: string;
}

interface Piece {
  readonly stream: string;
  readonly first: number;
  last: number;
  hash: string;
}

/** What is read from a line. */
interface Sequence {
  readonly stream: string;
  readonly number: number;
  /** Of the line in front of it, as it says: `undefined` where nothing is chained. */
  readonly previous: string | undefined;
}

/** The pieces of a file. */
interface Pieces {
  readonly all: Piece[];
  /** The last one of each stream. */
  readonly last: Map<string, Piece>;
}

const LINE_END = 0x0a;
/** Of a longer line nothing is kept: no record of ours is that long. */
const MAX_LINE = 1024 * 1024;
/** A process has one stream for each of its logs, so a file has as many as there were starts. More are left out. */
const MAX_PIECES = 10_000;
// Inside of a string of JSON, a quotation mark has a backslash in front of it: only a member can look like this.
const STREAM = /"audit\.sequence\.stream_id":"([0-9a-f-]{36})"/;
const NUMBER = /"audit\.sequence\.number":(\d{1,16})[,}]/;
const PREVIOUS = /"audit\.sequence\.previous_hash":"([\w-]{43})"/;
const RECORD = /"audit\.record\.id":"([0-9a-f-]{36})-(\d{1,16})"/;

/**
 * Reads which records of which streams a segment holds, without holding more of the file in memory than a line. What is
 * said of them lets others believe that they have expired, so only what follows on each other is one piece: a record
 * that somebody put into the file says nothing of those in front of it.
 *
 * @param path - Of a plain segment, or of a compressed one when it ends with `.gz`.
 * @throws What the operating system says, or that the file is no gzip file; the reason of the signal.
 */
export async function readSegmentStreams(
  path: string,
  signal: AbortSignal,
): Promise<readonly SegmentStream[]> {
  const pieces: Pieces = { all: [], last: new Map() };
  const source = createReadStream(path);
  const collect = (chunks: AsyncIterable<Buffer>): Promise<void> => collectPieces(chunks, pieces);
  if (path.endsWith(".gz")) await pipeline(source, createGunzip(), collect, { signal });
  else await pipeline(source, collect, { signal });
  return pieces.all;
}

/** The stream and the number of a record, by its line; `undefined` when it has none. */
function sequenceOf(line: string): Sequence | undefined {
  const stream = STREAM.exec(line)?.[1];
  const number = NUMBER.exec(line)?.[1];
  if (stream !== undefined && number !== undefined)
    return { stream, number: Number(number), previous: PREVIOUS.exec(line)?.[1] ?? "" };
  // Records that are not chained are numbered all the same.
  const record = RECORD.exec(line);
  if (record === null) return undefined;
  return { stream: record[1] ?? "", number: Number(record[2]), previous: undefined };
}

async function collectPieces(chunks: AsyncIterable<Buffer>, pieces: Pieces): Promise<void> {
  let rest: Buffer = Buffer.alloc(0);
  let tooLong = false;
  for await (const chunk of chunks) {
    let begin = 0;
    for (let end = chunk.indexOf(LINE_END); end !== -1; end = chunk.indexOf(LINE_END, begin)) {
      const part = chunk.subarray(begin, end);
      const line = rest.length > 0 ? Buffer.concat([rest, part]) : part;
      if (!tooLong) note(line, pieces);
      rest = Buffer.alloc(0);
      tooLong = false;
      begin = end + 1;
    }
    tooLong ||= rest.length + chunk.length - begin > MAX_LINE;
    rest = tooLong ? Buffer.alloc(0) : Buffer.concat([rest, chunk.subarray(begin)]);
  }
}

function note(line: Buffer, { all, last }: Pieces): void {
  const sequence = sequenceOf(line.toString("latin1"));
  if (sequence === undefined) return;
  const { stream, number, previous } = sequence;
  const hash = createHash("sha256").update(line).digest("base64url");
  const piece = last.get(stream);
  const follows = piece !== undefined && number === piece.last + 1;
  if (follows && (previous === undefined || previous === piece.hash)) {
    piece.last = number;
    piece.hash = hash;
  } else if (all.length < MAX_PIECES) {
    const begun = { stream, first: number, last: number, hash };
    all.push(begun);
    last.set(stream, begun);
  }
}
