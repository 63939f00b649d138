import { closeSync, fstatSync, openSync, readSync, statSync } from "node:fs";
import { resolve } from "node:path";
import type { Hints } from "../../core/options/option-types.js";
import { readOptions } from "../../core/options/options-reader.js";
import type { AuditSink } from "./audit-sink.js";
import { FileTransport } from "./file-transport.js";

/** Options of {@link fileSink}. */
export interface FileSinkOptions {
  /**
   * The file that records are appended to. It is made, with mode 0600, when it does not exist; its directory must
   * exist. Several processes may share one file on a local file system.
   */
  readonly path: string;
}

/** What winston and pino call it. */
export const FILE_SINK_HINTS: Hints<FileSinkOptions> = {
  filename: "path",
  file: "path",
  destination: "path",
  dest: "path",
};

/**
 * A sink that appends each record to a file, synchronously: it is with the operating system before the next line of
 * JavaScript runs, so that neither `process.exit()` nor a signal loses it. It is not forced to the disk (`fsync`): a
 * power failure can lose the last seconds.
 *
 * When the file ends in the middle of a line, after a crash, the first record starts on a line of its own.
 *
 * @throws {@link OptionsError} when an option is unknown or wrong, or the file cannot be opened.
 */
export function fileSink(options: FileSinkOptions): AuditSink {
  const reader = readOptions<FileSinkOptions>("fileSink", options, { path: true }, FILE_SINK_HINTS);
  const path = reader.string("path", { required: true });
  let transport: FileTransport | undefined;
  try {
    if (path !== undefined) transport = open(resolve(path));
  } catch (error) {
    reader.problem("path", "a file that can be appended to", reasonOf(error));
  }
  reader.finish();
  return transport as FileTransport;
}

function open(path: string): FileTransport {
  // Opening a named pipe waits for its reader, without end: look first.
  const existing = statSync(path, { throwIfNoEntry: false });
  if (existing?.isFIFO() || existing?.isSocket()) throw new Error("it is a pipe or a socket");
  const descriptor = openSync(path, "a", 0o600);
  return new FileTransport(descriptor, fstatSync(descriptor).isFile() && endsTorn(path));
}

function endsTorn(path: string): boolean {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(path, "r");
    const { size } = fstatSync(descriptor);
    const last = Buffer.alloc(1);
    return size > 0 && readSync(descriptor, last, 0, 1, size - 1) === 1 && last[0] !== 0x0a;
  } catch {
    // A file that may be written but not read: an empty line at the seam does no harm.
    return true;
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === "ENOENT") return "its directory does not exist (ENOENT)";
  if (code === "EISDIR") return "it is a directory (EISDIR)";
  return code === undefined ? message : `the operating system refuses (${code})`;
}
