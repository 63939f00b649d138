import { createHash } from "node:crypto";
import { closeSync, constants, fstatSync, openSync, readdirSync, readSync } from "node:fs";
import { dirname, join } from "node:path";
import { createSegmentNames } from "../segments/segment-name.js";

/** Where an earlier stream of chained records ended in a file. */
export interface PreviousStream {
  readonly stream: string;
  /** Of its last whole record in the file. */
  readonly number: number;
  /** SHA-256 of the bytes of that line, in base64url. */
  readonly hash: string;
  /** Whether the file ended in the middle of a line, as a crash or a full disk leaves it. */
  readonly torn: boolean;
}

const FIRST_READ = 64 * 1024;
/** More is not read: a file whose last 1 MiB holds no chained record has none that would say anything. */
const MAX_READ = 1024 * 1024;
const LINE_END = 0x0a;
// Inside of a string of JSON, a quotation mark has a backslash in front of it: only a member can look like this.
const STREAM = '"audit.sequence.stream_id":"';
const STREAM_ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * The last whole chained record of a log file; where that is empty, because a process ended right after it was rotated,
 * of the segment that was closed last, unless that is compressed.
 *
 * @param path - Of the log file itself, no symbolic link.
 * @returns `undefined` when there is none, or when the file cannot be read.
 */
export function readPreviousStream(path: string): PreviousStream | undefined {
  return readLastRecord(path) ?? readLastRecord(lastSegment(path));
}

/**
 * The last whole chained record within the last MiB of a file.
 *
 * @param stream - Only records of this stream count. Of any when left out.
 */
export function readLastRecord(
  path: string | undefined,
  stream?: string,
): PreviousStream | undefined {
  if (path === undefined) return undefined;
  let descriptor: number | undefined;
  try {
    // Opening a named pipe would wait for its writer, without end.
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const { size } = fstatSync(descriptor);
    for (let length = FIRST_READ; ; length *= 4) {
      const tail = readTail(descriptor, size, Math.min(length, MAX_READ));
      const found = findLast(tail, tail.length === size, stream);
      if (found !== undefined || tail.length === size || length >= MAX_READ) return found;
    }
  } catch {
    // What cannot be read says nothing.
    return undefined;
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

function readTail(descriptor: number, size: number, length: number): Buffer {
  const tail = Buffer.alloc(Math.min(size, length));
  let read = 0;
  while (read < tail.length) {
    const count = readSync(descriptor, tail, read, tail.length - read, size - tail.length + read);
    if (count === 0) break;
    read += count;
  }
  return tail.subarray(0, read);
}

/** @param whole - Whether the tail is all of the file: then its first line is whole. */
function findLast(
  tail: Buffer,
  whole: boolean,
  stream: string | undefined,
): PreviousStream | undefined {
  const torn = tail.length > 0 && tail[tail.length - 1] !== LINE_END;
  const needle = stream === undefined ? STREAM : `${STREAM}${stream}"`;
  let end = tail.lastIndexOf(LINE_END);
  while (end > 0) {
    const at = tail.lastIndexOf(needle, end - 1);
    if (at === -1) return undefined;
    const before = tail.lastIndexOf(LINE_END, at);
    if (before === -1 && !whole) return undefined;
    const after = tail.indexOf(LINE_END, at);
    const found = parseRecord(tail.subarray(before + 1, after), torn);
    if (found !== undefined) return found;
    end = before;
  }
  return undefined;
}

function parseRecord(line: Buffer, torn: boolean): PreviousStream | undefined {
  try {
    const record = JSON.parse(line.toString()) as Record<string, unknown>;
    // In the schema of OCSF they stand with what it has no place for.
    const members = { ...record, ...Object(record["unmapped"]) } as Record<string, unknown>;
    const stream = members["audit.sequence.stream_id"];
    const number = members["audit.sequence.number"];
    if (typeof stream !== "string" || !STREAM_ID.test(stream)) return undefined;
    if (typeof number !== "number" || !Number.isSafeInteger(number)) return undefined;
    const hash = createHash("sha256").update(line).digest("base64url");
    return Object.freeze({ stream, number, hash, torn });
  } catch {
    // Half a line that another writer went on with.
    return undefined;
  }
}

function lastSegment(path: string): string | undefined {
  try {
    const names = createSegmentNames(path);
    let last: string | undefined;
    let closedAt = Number.NEGATIVE_INFINITY;
    for (const file of readdirSync(dirname(path))) {
      const name = names.parse(file);
      if (name === undefined || name.closedAt < closedAt) continue;
      closedAt = name.closedAt;
      last = name.kind === "plain" ? join(dirname(path), file) : undefined;
    }
    return last;
  } catch {
    return undefined;
  }
}
