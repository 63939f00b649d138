import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";

/** What may be read, besides files. */
export interface ReadTextLimits {
  readonly maxBytes: number;
  /** Pipes and devices are refused, and not waited for. Default: they are read as well. */
  readonly filesOnly?: boolean;
}

/** Why a text is not read, in words that follow the name of its file: `is larger than 16 MB`. */
export class TextLimitError extends Error {
  override readonly name = "TextLimitError";
}

const CHUNK = 64 * 1024;

/**
 * Reads a text of bounded size, without the mark of byte order that some editors put in front. A path may lead to a
 * device that never ends, or to a pipe that nobody writes to.
 *
 * @throws TextLimitError when it is too large, or is no file; what `node:fs` throws when it cannot be opened.
 */
export function readText(path: string, { maxBytes, filesOnly = false }: ReadTextLimits): string {
  // Opening a pipe waits for its writer otherwise. Windows has no such flag.
  const flags = constants.O_RDONLY | (filesOnly ? (constants.O_NONBLOCK ?? 0) : 0);
  const descriptor = openSync(path, flags);
  try {
    if (filesOnly && !fstatSync(descriptor).isFile())
      throw new TextLimitError("is not a regular file");
    return readAll(descriptor, maxBytes)
      .toString("utf8")
      .replace(/^\uFEFF/, "");
  } finally {
    closeSync(descriptor);
  }
}

function readAll(descriptor: number, maxBytes: number): Buffer {
  const chunks: Buffer[] = [];
  let size = 0;
  for (;;) {
    const chunk = Buffer.allocUnsafe(CHUNK);
    const read = readSync(descriptor, chunk, 0, CHUNK, null);
    if (read === 0) return Buffer.concat(chunks, size);
    size += read;
    if (size > maxBytes) throw new TextLimitError(`is larger than ${maxBytes / 1024 / 1024} MB`);
    chunks.push(chunk.subarray(0, read));
  }
}
