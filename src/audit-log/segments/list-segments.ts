import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";
import type { SegmentNames } from "./segment-name.js";

/** A file of a closed segment. */
interface SegmentFile {
  readonly path: string;
  readonly size: number;
  readonly inode: number;
  /** When it was last written to, in milliseconds of the Unix epoch. */
  readonly writtenAt: number;
}

/** A closed segment of a log file, as it lies in the directory. */
export interface ClosedSegment {
  /** Its name, without `.gz`. */
  readonly name: string;
  /** In milliseconds of the Unix epoch. */
  readonly closedAt: number;
  readonly plain: SegmentFile | undefined;
  /** Both are there when a process ended between compressing a segment and deleting the original. */
  readonly gzip: SegmentFile | undefined;
  /** What a process that ended while it compressed the segment has left, or one that is at work now. */
  readonly temporary: readonly SegmentFile[];
}

/** Where the segments of a log file lie. */
export interface SegmentPlace {
  readonly directory: string;
  readonly names: SegmentNames;
}

/**
 * Lists the closed segments of a log file, the oldest first. Only regular files count whose names are those of
 * {@link SegmentNames}.
 *
 * @throws What the operating system says when the directory cannot be read.
 */
export async function listSegments({
  directory,
  names,
}: SegmentPlace): Promise<readonly ClosedSegment[]> {
  const found = new Map<
    string,
    { closedAt: number; plain?: SegmentFile; gzip?: SegmentFile; temporary: SegmentFile[] }
  >();
  for (const file of await readdir(directory)) {
    const name = names.parse(file);
    if (name === undefined) continue;
    const info = await look(join(directory, file));
    if (info === undefined) continue;
    const { segment, closedAt, kind } = name;
    const entry = found.get(segment) ?? { closedAt, temporary: [] };
    found.set(segment, entry);
    if (kind === "temporary") entry.temporary.push(info);
    else entry[kind] = info;
  }
  return [...found]
    .map(([name, { closedAt, plain, gzip, temporary }]) => ({
      name,
      closedAt,
      plain,
      gzip,
      temporary,
    }))
    .sort((one, other) => one.closedAt - other.closedAt || (one.name < other.name ? -1 : 1));
}

async function look(path: string): Promise<SegmentFile | undefined> {
  try {
    const info = await lstat(path);
    if (!info.isFile()) return undefined;
    return { path, size: info.size, inode: info.ino, writtenAt: info.mtimeMs };
  } catch {
    // Another process has deleted it meanwhile.
    return undefined;
  }
}
