import {
  closeSync,
  fstatSync,
  linkSync,
  readdirSync,
  renameSync,
  type Stats,
  statSync,
  unlinkSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import type { OpenSegment } from "../segments/segment-keeper.js";
import { createSegmentNames, type SegmentNames } from "../segments/segment-name.js";
import { findReplacement, type ReplacedFile, type ReplacementReason } from "./find-replacement.js";
import { type OpenLogFile, openLogFile } from "./open-log-file.js";
import { type RotationRules, RotationSchedule } from "./rotation-schedule.js";

/** Another file stands in the place of the one that was written to. */
export interface Replacement {
  readonly file: OpenLogFile;
  readonly reason: ReplacementReason;
  /** Path of the file that was written to before, where it is a segment of this log now. */
  readonly segment: string | undefined;
  /** Lines that are gone with the file: those that were written since it was seen in its place. */
  readonly lost: number;
}

/** What a {@link LiveFile} needs from the transport that writes to it. */
export interface LiveFileOwner {
  /** Ends the last line, and forces the file to the disk where that is asked for: it is about to be closed. */
  finish(): void;
  /** Something could not be done that loses no record. It is tried again. */
  trouble(error: unknown): void;
}

/** How often it is looked whether the file is still the one that its path names: a call of the operating system. */
const LOOK_MS = 1000;
const FIRST_RETRY_MS = 1000;
const LAST_RETRY_MS = 60_000;
/** Behind the year 9999, times have no name. */
const LAST_TIME = Date.UTC(9999, 11, 31);

/**
 * The file under a path, which is replaced by a new one when it is due to be rotated, and when somebody else has rotated,
 * moved or deleted it: a process that goes on writing to a deleted file loses everything without knowing.
 */
export class LiveFile {
  readonly #path: string;
  readonly #schedule: RotationSchedule | undefined;
  readonly #owner: LiveFileOwner;
  #file: OpenLogFile;
  #names: SegmentNames;
  #size: number;
  /** That were written since the last look. */
  #lines = 0;
  #nextLook = Number.NEGATIVE_INFINITY;
  #nextRotation = Number.NEGATIVE_INFINITY;
  #retryMs = FIRST_RETRY_MS;
  /** Why there is no file to write to. */
  #gone: unknown;

  /** @param path - As it was given: where it leads through symbolic links, these are followed anew each time. */
  constructor(
    path: string,
    file: OpenLogFile,
    rotation: RotationRules | undefined,
    owner: LiveFileOwner,
  ) {
    this.#path = path;
    this.#file = file;
    this.#owner = owner;
    this.#names = createSegmentNames(file.path);
    this.#size = file.size;
    if (rotation !== undefined) this.#schedule = new RotationSchedule(rotation);
    this.#schedule?.begin(file.size, file.writtenAt, Date.now());
  }

  /** The file, as those see it who keep its closed segments. */
  get open(): OpenSegment {
    return {
      directory: dirname(this.#file.path),
      names: this.#names,
      inode: this.#file.identity?.ino ?? -1,
      size: this.#size,
    };
  }

  /**
   * To be called in front of each write.
   *
   * @returns The new file, when there is one. The old one is closed then.
   * @throws What the operating system says when the file was deleted and no other can be opened.
   */
  prepare(bytes: number): Replacement | undefined {
    const now = performance.now();
    if (now >= this.#nextLook) {
      this.#nextLook = now + LOOK_MS;
      const replacement = this.#look();
      if (replacement !== undefined) return replacement;
    }
    if (this.#gone !== undefined) throw this.#gone;
    const due = this.#schedule?.isDue(this.#size, bytes, Date.now()) === true;
    return due && now >= this.#nextRotation ? this.#rotate(now) : undefined;
  }

  /** Says that so many bytes and lines were written. @returns Whether they are the first since the last look. */
  wrote(bytes: number, lines: number): boolean {
    const isFirst = this.#lines === 0;
    this.#size += bytes;
    this.#lines += lines;
    return isFirst;
  }

  /** To be called when nothing is written any more. @returns How many lines are gone with a file that was deleted. */
  goneLines(): number {
    const lines = this.#lines;
    this.#lines = 0;
    if (lines === 0) return 0;
    try {
      const own = fstatSync(this.#file.descriptor);
      if (own.nlink > 0) return 0;
      const there = statSync(this.#path, { throwIfNoEntry: false });
      const { reason } = findReplacement(
        this.#file.path,
        this.#names,
        own,
        there?.isFile() === true,
      );
      return reason === "file_deleted" ? lines : 0;
    } catch {
      // Nothing is known of the file.
      return 0;
    }
  }

  #look(): Replacement | undefined {
    const own = fstatSync(this.#file.descriptor);
    try {
      const there = statSync(this.#path, { throwIfNoEntry: false });
      if (isSame(there, own)) {
        // Other processes write to the file as well, and somebody may have cut it.
        this.#size = own.size;
        this.#lines = 0;
        return undefined;
      }
      const found = findReplacement(this.#file.path, this.#names, own, there?.isFile() === true);
      return this.#replace(openRegularFile(this.#path), found);
    } catch (error) {
      // A file that was only moved keeps what is written to it.
      if (own.nlink > 0) this.#owner.trouble(error);
      else this.#gone = error;
      return undefined;
    }
  }

  #rotate(now: number): Replacement | undefined {
    const { descriptor, path } = this.#file;
    try {
      const own = fstatSync(descriptor);
      const segment = this.#nextSegment(dirname(path));
      // Last of all: the later the look, the more seldom another process rotates the file behind it.
      const there = statSync(path, { throwIfNoEntry: false });
      if (!isSame(there, own)) return this.#follow(now);
      if (!moveWithoutReplacing(path, segment)) return this.#follow(now);
      const moved = statSync(segment, { throwIfNoEntry: false });
      // One that is gone already was not written to for long, and is compressed: a new one would not be.
      if (moved !== undefined && !isSame(moved, own)) {
        this.#putBehind(own, segment);
        return this.#follow(now);
      }
      const file = openOrMoveBack(path, segment);
      this.#retryMs = FIRST_RETRY_MS;
      return this.#replace(file, { reason: "rotated", segment });
    } catch (error) {
      // The old file goes on.
      this.#rotateLater(now);
      this.#owner.trouble(error);
      return undefined;
    }
  }

  /** A name behind those that are there, also when the clock was set back or another process has given them. */
  #nextSegment(directory: string): string {
    let latest = 0;
    for (const file of filesIn(directory)) {
      const closedAt = this.#names.parse(file)?.closedAt ?? 0;
      if (closedAt < LAST_TIME) latest = Math.max(latest, closedAt);
    }
    return join(directory, this.#names.next(Math.max(Date.now(), latest + 1)));
  }

  /**
   * Another process has rotated the file since it was looked at, and what was moved is the one that it has begun. That is
   * a segment now, whose name must stand behind that of the file: retention deletes in the order of names, and a record
   * must not go in front of those that it follows on.
   */
  #putBehind(own: Stats, segment: string): void {
    const directory = dirname(segment);
    const { segment: front = "" } = findReplacement(this.#file.path, this.#names, own, false);
    const closedAt = this.#names.parse(basename(front))?.closedAt ?? Date.now();
    renameSync(segment, join(directory, this.#names.next(closedAt + 1)));
  }

  #rotateLater(now: number): void {
    this.#nextRotation = now + this.#retryMs;
    this.#retryMs = Math.min(2 * this.#retryMs, LAST_RETRY_MS);
  }

  /** Another process was faster: its new file is ours. */
  #follow(now: number): Replacement | undefined {
    const replacement = this.#look();
    // Not looked for in front of every write.
    if (replacement === undefined) this.#rotateLater(now);
    return replacement;
  }

  #replace(file: OpenLogFile, { reason, segment }: ReplacedFile): Replacement {
    const { descriptor, path } = this.#file;
    // Whoever has moved it.
    this.#owner.finish();
    const lost = reason === "file_deleted" ? this.#lines : 0;
    this.#lines = 0;
    this.#gone = undefined;
    this.#file = file;
    this.#size = file.size;
    if (file.path !== path) this.#names = createSegmentNames(file.path);
    this.#schedule?.begin(file.size, file.writtenAt, Date.now());
    try {
      closeSync(descriptor);
    } catch (error) {
      this.#owner.trouble(error);
    }
    return { file, reason, segment, lost };
  }
}

function isSame(one: Stats | undefined, other: Stats): boolean {
  return one?.ino === other.ino && one.dev === other.dev;
}

/** None where the process may write to the directory, and not list it: names follow the clock there. */
function filesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

/** @returns Whether it was moved: another process may have done that since it was looked at. */
function moveWithoutReplacing(path: string, segment: string): boolean {
  if (statSync(segment, { throwIfNoEntry: false }) !== undefined)
    throw Object.assign(new Error(`${basename(segment)} is there already`), { code: "EEXIST" });
  try {
    renameSync(path, segment);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw error;
  }
}

/** @throws Also for what is no regular file: a device that somebody has put there may take everything and keep nothing. */
function openRegularFile(path: string): OpenLogFile {
  const file = openLogFile(path);
  if (file.identity !== undefined) return file;
  closeSync(file.descriptor);
  throw new Error("it is no regular file any more");
}

function openOrMoveBack(path: string, segment: string): OpenLogFile {
  try {
    return openRegularFile(path);
  } catch (error) {
    try {
      // Not a rename: another process may have made the file meanwhile.
      linkSync(segment, path);
      unlinkSync(segment);
    } catch {
      // The segment goes on under its new name, until a file can be opened.
    }
    throw error;
  }
}
