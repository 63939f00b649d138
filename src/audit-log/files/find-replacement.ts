import {
  closeSync,
  constants,
  openSync,
  readdirSync,
  readSync,
  type Stats,
  statSync,
} from "node:fs";
import { dirname, join } from "node:path";
import type { SegmentNames } from "../segments/segment-name.js";

/** Why a file is no longer the one that its path names. */
export type ReplacementReason = "rotated" | "file_moved" | "file_deleted";

/** What has become of a file. One that is `file_deleted` has no name any more: what is written to it is lost. */
export interface ReplacedFile {
  readonly reason: ReplacementReason;
  /** Path of the segment that it is now. */
  readonly segment: string | undefined;
}

/** The event of the first record, whatever the member is called. */
const ROTATED = '"log_segment"';
/** Enough for the first record of a file: it is short. */
const BEGINNING = 4096;

/**
 * Finds out why a file is not under its path any more: another process that writes to the same log has rotated it, or
 * somebody has moved or deleted it.
 *
 * @param own - The file as it was opened.
 * @param isReplaced - Whether another regular file is under the path.
 */
export function findReplacement(
  path: string,
  names: SegmentNames,
  own: Stats,
  isReplaced: boolean,
): ReplacedFile {
  if (own.nlink > 0) {
    const segment = segmentOf(dirname(path), names, own);
    return { reason: segment === undefined ? "file_moved" : "rotated", segment };
  }
  // A segment that another process has compressed or deleted since.
  const rotated = isReplaced && beginsAsRotated(path);
  return { reason: rotated ? "rotated" : "file_deleted", segment: undefined };
}

function segmentOf(directory: string, names: SegmentNames, own: Stats): string | undefined {
  for (const file of readdirSync(directory)) {
    if (names.parse(file)?.kind !== "plain") continue;
    const path = join(directory, file);
    const info = statSync(path, { throwIfNoEntry: false });
    if (info?.ino === own.ino && info.dev === own.dev) return path;
  }
  return undefined;
}

function beginsAsRotated(path: string): boolean {
  let descriptor: number | undefined;
  try {
    // Opening a named pipe would wait for its writer, without end.
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const bytes = Buffer.alloc(BEGINNING);
    const text = bytes.toString("latin1", 0, readSync(descriptor, bytes, 0, BEGINNING, 0));
    return text.slice(0, text.indexOf("\n")).includes(ROTATED);
  } catch {
    return false;
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}
