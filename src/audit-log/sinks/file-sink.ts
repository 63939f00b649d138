import { closeSync } from "node:fs";
import { resolve } from "node:path";
import type { Hints } from "../../core/options/option-types.js";
import { readOptions } from "../../core/options/options-reader.js";
import { assertNotMounted } from "../../core/options/uncalled-factory.js";
import { openLogFile } from "../files/open-log-file.js";
import {
  FILE_KEEPING_HINTS,
  type FileKeeping,
  type FileKeepingOptions,
  readFileKeeping,
} from "../files/read-file-keeping.js";
import type { AuditSink } from "./audit-sink.js";
import { FileTransport, type WriteMoment } from "./file-transport.js";

/** Options of {@link fileSink}. */
export interface FileSinkOptions extends FileKeepingOptions {
  /**
   * The file that records are appended to. It is made, with mode 0600, when it does not exist; its directory must
   * exist. Several processes or worker threads may share one file on a local file system, with one exception: when a
   * device takes only a part of a record, as one that is full does, the next record of another process or thread
   * continues that torn line, which is no JSON then.
   */
  readonly path: string;
  /**
   * When `auditLog` hands records to the operating system.
   *
   * - `"turn"`: those of one turn of the event loop share a write when it ends, or when the next one may not fit into 64 KiB. An exit
   *   that runs our "exit" listener (`process.exit()`, an uncaught exception, a handled signal) loses nothing; one that
   *   does not (SIGKILL, a signal without a listener, a crash of the engine, in a worker thread any exit of the main
   *   thread) loses at most the records of the current turn
   * - `"record"`: each by itself, before the next line of JavaScript runs
   * @default "turn"
   */
  readonly write?: "turn" | "record" | undefined;
}

/** What winston and pino call it. */
export const FILE_SINK_HINTS: Hints<FileSinkOptions> = {
  filename: "path",
  file: "path",
  destination: "path",
  dest: "path",
  mode: "leave it out, the file is made with mode 0600",
  level: "leave it out, every record is written, whatever its severity",
  sync: 'write: "record" writes each record before the next line of JavaScript runs',
  ...FILE_KEEPING_HINTS,
};

/**
 * A sink that appends records to a file, synchronously: what `write` says is with the operating system then. What
 * `fsync` says is on the disk: by default, a power failure can lose the last seconds. In a winston logger of the app each
 * entry is written at once.
 *
 * When the file ends in the middle of a line, after a crash, the first record starts on a line of its own. A file that
 * somebody moves or deletes is noticed within a second, and another one is opened in its place.
 *
 * @throws {@link OptionsError} when an option is unknown or wrong, or the file cannot be opened.
 */
export function fileSink(options: FileSinkOptions): AuditSink {
  const call = 'fileSink({ path: "audit.jsonl" })';
  assertNotMounted("fileSink", options, `auditLog({ sinks: [${call}] })`);
  const reader = readOptions<FileSinkOptions>(
    "fileSink",
    options,
    {
      path: true,
      write: "neverUndefined",
      rotate: "neverUndefined",
      retention: "neverUndefined",
      gzip: true,
      fsync: "neverUndefined",
      fsyncInterval: true,
    },
    FILE_SINK_HINTS,
    call,
  );
  const path = reader.string("path", { required: true });
  const write = reader.oneOf("write", ["turn", "record"], { default: "turn" });
  const keeping = readFileKeeping(reader);
  let transport: FileTransport | undefined;
  try {
    if (path !== undefined) transport = open(resolve(path), write, keeping);
  } catch (error) {
    reader.problem("path", "a file that can be appended to", reasonOf(error));
  }
  try {
    reader.finish();
  } catch (error) {
    transport?.close();
    throw error;
  }
  return transport as FileTransport;
}

function open(path: string, write: WriteMoment, keeping: FileKeeping): FileTransport {
  const file = openLogFile(path);
  if (file.identity !== undefined) return FileTransport.keeping(path, file, write, keeping);
  if (keeping.rotation !== undefined || keeping.sync.fsync !== "never") {
    closeSync(file.descriptor);
    throw new Error("rotate and fsync need a regular file");
  }
  return new FileTransport(file.descriptor, false, write);
}

function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === "ENOENT") return "its directory does not exist (ENOENT)";
  if (code === "EISDIR") return "it is a directory (EISDIR)";
  return code === undefined ? message : `the operating system refuses (${code})`;
}
