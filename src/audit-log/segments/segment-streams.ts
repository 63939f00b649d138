import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";

/** What a segment holds of one stream of records. */
export interface SegmentStream {
  readonly stream: string;
  readonly first: number;
  readonly last: number;
  /** SHA-256 of the bytes of the last line, in base64url. */
  readonly hash: string;
}

interface Found {
  first: number;
  last: number;
  line: Buffer;
}

const LINE_END = 0x0a;
/** Of a longer line nothing is kept: no record of ours is that long. */
const MAX_LINE = 1024 * 1024;
/** A process has one stream for each of its logs, so a file has as many as there were starts. More are left out. */
const MAX_STREAMS = 10_000;
// Inside of a string of JSON, a quotation mark has a backslash in front of it: only a member can look like this.
const STREAM = /"audit\.sequence\.stream_id":"([0-9a-f-]{36})"/;
const NUMBER = /"audit\.sequence\.number":(\d{1,16})[,}]/;
const RECORD = /"audit\.record\.id":"([0-9a-f-]{36})-(\d{1,16})"/;

/**
 * Reads which streams of records a segment holds, and how each ends in it, without holding more of the file in memory
 * than a line for each stream.
 *
 * @param path - Of a plain segment, or of a compressed one when it ends with `.gz`.
 * @throws What the operating system says, or that the file is no gzip file; the reason of the signal.
 */
export async function readSegmentStreams(
  path: string,
  signal: AbortSignal,
): Promise<readonly SegmentStream[]> {
  const streams = new Map<string, Found>();
  const source = createReadStream(path);
  const collect = (chunks: AsyncIterable<Buffer>): Promise<void> => collectStreams(chunks, streams);
  if (path.endsWith(".gz")) await pipeline(source, createGunzip(), collect, { signal });
  else await pipeline(source, collect, { signal });
  return [...streams].map(([stream, { first, last, line }]) => ({
    stream,
    first,
    last,
    hash: createHash("sha256").update(line).digest("base64url"),
  }));
}

/** The stream and the number of a record, by its line; `undefined` when it has none. */
function sequenceOf(
  line: string,
): { readonly stream: string; readonly number: number } | undefined {
  const stream = STREAM.exec(line)?.[1];
  const number = NUMBER.exec(line)?.[1];
  if (stream !== undefined && number !== undefined) return { stream, number: Number(number) };
  // Records that are not chained are numbered all the same.
  const record = RECORD.exec(line);
  if (record === null) return undefined;
  return { stream: record[1] ?? "", number: Number(record[2]) };
}

async function collectStreams(
  chunks: AsyncIterable<Buffer>,
  streams: Map<string, Found>,
): Promise<void> {
  let rest: Buffer = Buffer.alloc(0);
  let tooLong = false;
  for await (const chunk of chunks) {
    let begin = 0;
    for (let end = chunk.indexOf(LINE_END); end !== -1; end = chunk.indexOf(LINE_END, begin)) {
      const part = chunk.subarray(begin, end);
      const line = rest.length > 0 ? Buffer.concat([rest, part]) : part;
      if (!tooLong) note(line, streams);
      rest = Buffer.alloc(0);
      tooLong = false;
      begin = end + 1;
    }
    tooLong ||= rest.length + chunk.length - begin > MAX_LINE;
    rest = tooLong ? Buffer.alloc(0) : Buffer.concat([rest, chunk.subarray(begin)]);
  }
}

function note(line: Buffer, streams: Map<string, Found>): void {
  const sequence = sequenceOf(line.toString("latin1"));
  if (sequence === undefined) return;
  const { stream, number } = sequence;
  const known = streams.get(stream);
  if (known === undefined) {
    if (streams.size < MAX_STREAMS)
      streams.set(stream, { first: number, last: number, line: Buffer.from(line) });
    return;
  }
  known.first = Math.min(known.first, number);
  if (number < known.last) return;
  known.last = number;
  known.line = Buffer.from(line);
}
