import { type FileHandle, open, rename, rm, unlink, utimes } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { temporaryName } from "./segment-name.js";
import { syncDirectory } from "./sync-directory.js";

const CHUNK = 64 * 1024;

/**
 * Puts a gzip file in the place of a closed segment, with its times and a mode of 0600. Wherever the process ends, the
 * segment or the complete gzip file is there: the gzip file has its name only when all of it is on the disk.
 *
 * @returns Whether it is done; `false` when the segment is gone, or somebody still writes to it.
 * @throws What the operating system says, or the reason of the signal. The segment is as it was then.
 */
export async function compressSegment(path: string, signal: AbortSignal): Promise<boolean> {
  const source = await openExisting(path);
  if (source === undefined) return false;
  const temporary = join(dirname(path), temporaryName(basename(path)));
  try {
    if (!(await writeGzip(source, temporary, signal))) return false;
    await rename(temporary, `${path}.gz`);
    // Not before: by its time, other processes tell a temporary file that is written to from one that was left behind.
    await copyTimes(source, `${path}.gz`);
    await syncDirectory(dirname(path));
    await removeExisting(path);
    return true;
  } finally {
    await source.close();
    // After the rename there is none.
    await rm(temporary, { force: true });
  }
}

/** @returns Whether the gzip file holds all of the source, and is on the disk. */
async function writeGzip(
  source: FileHandle,
  temporary: string,
  signal: AbortSignal,
): Promise<boolean> {
  const target = await open(temporary, "wx", 0o600);
  try {
    const { size } = await source.stat();
    let read = 0;
    // Generators, because a pipeline never ends with streams of a handle that stays open.
    await pipeline(
      async function* readAll() {
        const chunk = Buffer.allocUnsafe(CHUNK);
        // Not to its end: that of a file that grows may never come.
        while (read < size) {
          const { bytesRead } = await source.read(chunk, 0, Math.min(CHUNK, size - read), read);
          if (bytesRead === 0) return;
          read += bytesRead;
          yield Buffer.from(chunk.subarray(0, bytesRead));
        }
      },
      createGzip(),
      async (chunks: AsyncIterable<Buffer>) => {
        for await (const chunk of chunks) await target.writeFile(chunk);
      },
      { signal },
    );
    await target.sync();
    return (await source.stat()).size === read;
  } finally {
    await target.close();
  }
}

async function copyTimes(source: FileHandle, path: string): Promise<void> {
  const { atime, mtime } = await source.stat();
  try {
    await utimes(path, atime, mtime);
  } catch (error) {
    // Retention in another process deletes what is compressed as well.
    if (!isMissing(error)) throw error;
  }
}

async function openExisting(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, "r");
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** Another process may have done the same. */
async function removeExisting(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
}

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === "ENOENT";
}
