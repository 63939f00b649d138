import { closeSync } from "node:fs";
import { OutsideScope } from "../../core/calls/outside-scope.js";
import { DiskSync } from "../files/disk-sync.js";
import type { FileBeginning, FileListener } from "../files/file-listener.js";
import type { ReplacementReason } from "../files/find-replacement.js";
import { type PreviousStream, readPreviousStream } from "../files/last-record.js";
import { LiveFile, type Replacement } from "../files/live-file.js";
import type { OpenLogFile } from "../files/open-log-file.js";
import type { FileKeeping } from "../files/read-file-keeping.js";
import { addExitHook, lateExitHook, removeExitHook } from "../process/exit-hooks.js";
import { atNextTurn } from "../process/next-turn.js";
import { SegmentKeeper } from "../segments/segment-keeper.js";
import { DirectTransport } from "./direct-transport.js";
import { type LineSeam, LineWriter, sharedSeam } from "./line-writer.js";

/** When `auditLog` hands its records to a file. */
export type WriteMoment = "turn" | "record";

/** What keeps a regular file under its path. */
interface FileCare {
  readonly live: LiveFile;
  readonly sync: DiskSync;
  readonly keeper: SegmentKeeper | undefined;
}

/** Appends lines to an open file: they are with the operating system before a call returns. */
export class FileTransport extends DirectTransport {
  readonly label = "fileSink";
  /** For the lane: a transport writes what it is given at once. */
  readonly writeMoment: WriteMoment;
  #writer: LineWriter;
  #descriptor: number | undefined;
  #care: FileCare | undefined;
  #previous: PreviousStream | undefined;
  #expires = false;
  #listener: FileListener | undefined;
  /** Of a new file that does not say yet why it begins. */
  #beginning: FileBeginning | undefined;
  #awake = false;
  readonly #atExit = lateExitHook(() => this.#lookOnce());
  // What the new file is written for is often a request: what it leads to belongs to none.
  readonly #replacedLater = new OutsideScope("ExpressSecureApiAuditFile").bind(
    (reason: ReplacementReason) =>
      atNextTurn(() => {
        if (this.#descriptor !== undefined) this.#listener?.replaced(reason);
      }),
  );

  /**
   * @param descriptor - Of a file that is open for appending; closed with the transport.
   * @param seam - Of a file that others write to as well, or whether the file ends in the middle of a line.
   */
  constructor(descriptor: number, seam: LineSeam | boolean, writeMoment: WriteMoment = "record") {
    super();
    this.#descriptor = descriptor;
    this.writeMoment = writeMoment;
    this.#writer = new LineWriter(descriptor, seam);
  }

  /**
   * Writes to a regular file, and sees to it that it stays the one under its path.
   *
   * @param path - As it was given.
   * @param settledMs - For tests.
   */
  static keeping(
    path: string,
    file: OpenLogFile,
    writeMoment: WriteMoment,
    { rotation, retention, gzip, sync }: FileKeeping,
    settledMs?: number,
  ): FileTransport {
    const transport = new FileTransport(file.descriptor, seamOf(file), writeMoment);
    const trouble = (error: unknown): void => transport.#trouble(error);
    const live = new LiveFile(path, file, rotation, { finish: () => transport.#finish(), trouble });
    const keeper = new SegmentKeeper(
      () => live.open,
      { gzip, retention },
      // A logger of the app has no records of its own about files.
      { expired: (segment) => transport.#listener?.expired(segment) ?? true, trouble },
      settledMs,
    );
    transport.#expires = retention !== undefined;
    transport.#previous = readPreviousStream(file.path);
    transport.#care = {
      live,
      sync: new DiskSync(sync, (...lost) => transport.emit("lost", ...lost)),
      keeper: gzip || retention !== undefined ? keeper : undefined,
    };
    return transport;
  }

  /** Where the stream of an earlier log ended in the file, as it was found when it was opened. */
  get previous(): PreviousStream | undefined {
    return this.#previous;
  }

  /** Whether its oldest segments are deleted. */
  get expires(): boolean {
    return this.#expires;
  }

  /** Tells a log what becomes of the file. Only one is told. */
  watch(listener: FileListener): void {
    this.#listener = listener;
  }

  override writeLine(line: string): void {
    this.writeLines(Buffer.from(`${line}\n`), 1);
  }

  /**
   * Appends several lines with one call of the operating system.
   *
   * @param bytes - With the line ends.
   * @throws {@link LineWriteError} when not all of them were written as a whole.
   */
  writeLines(bytes: Buffer, lines: number): void {
    if (this.#descriptor === undefined) throw new Error("the file is closed");
    const care = this.#care;
    if (care === undefined) this.#writer.append(bytes);
    else this.#writeWithCare(bytes, lines, care);
  }

  override close(): void {
    const descriptor = this.#descriptor;
    if (descriptor === undefined) return;
    this.#care?.keeper?.close();
    this.#care?.sync.settle();
    this.#lookOnce();
    removeExitHook(this.#atExit);
    this.#descriptor = undefined;
    closeSync(descriptor);
  }

  /** Nothing is written any more, so nothing would notice that the file is gone. */
  #lookOnce(): void {
    const lost = this.#care?.live.goneLines() ?? 0;
    if (lost > 0) this.emit("lost", lost, replaced("FILE_DELETED"));
  }

  #writeWithCare(bytes: Buffer, lines: number, { live, sync, keeper }: FileCare): void {
    const replacement = live.prepare(bytes.length);
    if (replacement !== undefined) {
      this.#take(replacement);
      sync.named(replacement.file.path);
    }
    if (this.#beginning !== undefined) this.#begin(this.#beginning, live);
    if (!this.#awake) {
      this.#awake = true;
      keeper?.wake();
    }
    this.#writer.append(bytes);
    if (live.wrote(bytes.length, lines)) addExitHook(this.#atExit);
    sync.wrote(this.#descriptor as number, lines);
  }

  #take({ file, reason, segment, lost }: Replacement): void {
    this.#descriptor = file.descriptor;
    this.#writer = new LineWriter(file.descriptor, seamOf(file));
    this.#beginning = { reason, segment };
    this.#awake = false;
    if (reason === "file_deleted") this.emit("lost", lost, replaced("FILE_DELETED"));
    if (reason === "file_moved") this.#trouble(replaced("FILE_MOVED"));
    this.#replacedLater(reason);
  }

  /** Has a new file say why it begins. Where that cannot be written, the record behind it fails as well, and is counted. */
  #begin(beginning: FileBeginning, live: LiveFile): void {
    this.#beginning = undefined;
    const listener = this.#listener;
    if (listener === undefined) return;
    try {
      const line = Buffer.from(`${listener.beginning(beginning)}\n`);
      this.#writer.append(line);
      live.wrote(line.length, 0);
      listener.begun();
    } catch {
      this.#beginning = beginning;
    }
  }

  #finish(): void {
    this.#writer.finish();
    this.#care?.sync.settle();
  }

  #trouble(error: unknown): void {
    this.#listener?.trouble(error);
  }
}

/** The seam of a regular file. An empty one ends in no line, whatever the file was that had its number before. */
function seamOf({ identity, torn, size }: OpenLogFile): LineSeam {
  const seam = sharedSeam(`${identity?.dev}:${identity?.ino}`, torn);
  if (size === 0) seam.torn = false;
  return seam;
}

function replaced(code: string): Error {
  return Object.assign(new Error("the file is not under its path any more"), { code });
}
