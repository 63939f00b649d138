import { unlink } from "node:fs/promises";
import { OutsideScope } from "../../core/calls/outside-scope.js";
import { atNextTurn } from "../process/next-turn.js";
import { afterRealTime } from "../process/real-time.js";
import { chooseExpired, type RetentionRules } from "./choose-expired.js";
import { compressSegment } from "./compress-segment.js";
import { type ClosedSegment, listSegments, type SegmentPlace } from "./list-segments.js";
import { readSegmentStreams, type SegmentStream } from "./segment-streams.js";
import { SteadyClock } from "./steady-clock.js";

/** A closed segment that is about to be deleted. */
export interface ExpiredSegment {
  /** Name of the file, with `.gz` where it is compressed. */
  readonly file: string;
  readonly streams: readonly SegmentStream[];
}

/** What is done with closed segments. */
export interface SegmentRules {
  readonly gzip: boolean;
  readonly retention: RetentionRules | undefined;
}

/** The file that is written to. */
export interface OpenSegment extends SegmentPlace {
  readonly inode: number;
  readonly size: number;
}

/** Who is told of closed segments. Called between the turns of writes, never inside of one. */
export interface SegmentListener {
  /**
   * A segment is about to be deleted. What this writes to the log is written first.
   *
   * @returns Whether it may be: a log that is closing says nothing any more.
   */
  expired(segment: ExpiredSegment): boolean;
  /** Something could not be done. No record is lost, and it is tried again. */
  trouble(error: unknown): void;
}

/** How often retention looks, besides after each rotation: age passes without one. */
const LOOK_MS = 3_600_000;
/**
 * How long nobody may have written to a segment before it is touched: other processes that write to the same log look
 * once in a second whether it was rotated.
 */
const SETTLED_MS = 10_000;
/** A compression that nobody has gone on with for so long is one of a process that has ended. */
const LEFT_MS = 600_000;
/** Names of segments whose end was said but that could not be deleted. */
const MAX_SAID = 1000;

/**
 * Compresses and deletes closed segments, one after the other, in the background. It never touches the file that is
 * written to, nor any file whose name is not that of a segment of this log.
 *
 * Several processes may keep the same directory: what one of them has done, the others find done.
 */
export class SegmentKeeper {
  readonly #open: () => OpenSegment;
  readonly #rules: SegmentRules;
  readonly #listener: SegmentListener;
  readonly #settledMs: number;
  readonly #clock = new SteadyClock();
  readonly #stop = new AbortController();
  readonly #said = new Set<string>();
  /** What wakes the keeper is a write, often that of a request. Its work belongs to none. */
  readonly #begin = new OutsideScope("ExpressSecureApiAuditSegments").bind(() => void this.#work());
  readonly #later = new OutsideScope("ExpressSecureApiAuditSegments").bind((milliseconds: number) =>
    afterRealTime(milliseconds, () => {
      this.#waiting.delete(milliseconds);
      this.wake();
    }),
  );
  readonly #waiting = new Set<number>();
  #working = false;
  #again = false;

  /** @param settledMs - For tests. */
  constructor(
    open: () => OpenSegment,
    rules: SegmentRules,
    listener: SegmentListener,
    settledMs = SETTLED_MS,
  ) {
    this.#open = open;
    this.#rules = rules;
    this.#listener = listener;
    this.#settledMs = settledMs;
  }

  /** Has it look at the closed segments: at the start, and when one more was closed. */
  wake(): void {
    if (this.#stop.signal.aborted) return;
    if (this.#working) this.#again = true;
    else this.#begin();
  }

  /** Gives up what is under way: a segment that is being compressed stays as it was. */
  close(): void {
    this.#stop.abort();
  }

  async #work(): Promise<void> {
    this.#working = true;
    try {
      do {
        this.#again = false;
        await this.#look();
      } while (this.#again && !this.#stop.signal.aborted);
    } catch (error) {
      this.#trouble(error);
    } finally {
      this.#working = false;
    }
    this.#wakeIn(LOOK_MS);
  }

  async #look(): Promise<void> {
    if (this.#rules.gzip) {
      const listedAt = Date.now();
      for (const segment of await listSegments(this.#open()))
        if (this.#isSettled(segment, listedAt)) await this.#compress(segment);
        else this.#wakeIn(this.#settledMs);
    }
    const { retention } = this.#rules;
    if (retention === undefined) return;
    const listedAt = Date.now();
    const segments = await listSegments(this.#open());
    const expired = chooseExpired(segments, retention, this.#clock.now(), this.#open().size);
    for (const segment of expired) {
      if (this.#stopped) return;
      // Newer ones stay with it: they count, but their turn has not come.
      if (!this.#isSettled(segment, listedAt)) {
        this.#wakeIn(this.#settledMs);
        return;
      }
      await this.#expire(segment);
    }
  }

  /** Whether nobody writes to the segment any more. Times in the future are those of a clock that was set back since. */
  #isSettled({ plain }: ClosedSegment, listedAt: number): boolean {
    if (plain === undefined) return true;
    const since = Math.abs(listedAt - plain.writtenAt);
    return since >= this.#settledMs && plain.inode !== this.#open().inode;
  }

  async #compress({ plain, temporary }: ClosedSegment): Promise<void> {
    for (const { path, writtenAt } of temporary)
      if (Date.now() - writtenAt > LEFT_MS) await this.#delete(path);
    if (plain === undefined || this.#stopped) return;
    try {
      await compressSegment(plain.path, this.#stop.signal);
    } catch (error) {
      this.#trouble(error);
    }
  }

  async #expire({ name, plain, gzip }: ClosedSegment): Promise<void> {
    const file = plain ?? gzip;
    if (file !== undefined && !this.#said.has(name)) {
      const streams = await this.#streamsIn(file.path);
      if (streams === undefined || this.#stopped) return;
      const said = { file: plain === undefined ? `${name}.gz` : name, streams };
      if (!this.#listener.expired(said)) return;
      if (this.#said.size >= MAX_SAID) this.#said.clear();
      this.#said.add(name);
      // First the record is written, then the segment goes: the other way round, a crash would leave a gap that
      // nothing explains.
      await nextTurn();
      await nextTurn();
    }
    for (const part of [plain, gzip]) if (part !== undefined) await this.#delete(part.path);
  }

  /** A segment that cannot be read any more is deleted all the same. @returns `undefined` when it is gone. */
  async #streamsIn(path: string): Promise<readonly SegmentStream[] | undefined> {
    try {
      return await readSegmentStreams(path, this.#stop.signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      this.#trouble(error);
      return [];
    }
  }

  async #delete(path: string): Promise<void> {
    try {
      await unlink(path);
    } catch (error) {
      // Another process was faster.
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") this.#trouble(error);
    }
  }

  #wakeIn(milliseconds: number): void {
    if (this.#stopped || this.#waiting.has(milliseconds)) return;
    this.#waiting.add(milliseconds);
    this.#later(milliseconds);
  }

  #trouble(error: unknown): void {
    if (!this.#stopped) this.#listener.trouble(error);
  }

  get #stopped(): boolean {
    return this.#stop.signal.aborted;
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => atNextTurn(resolve));
}
