import { constants, type FileHandle, open } from "node:fs/promises";
import { readText, TextLimitError } from "../../../core/files/read-text.js";
import type { ProblemList } from "../../../core/options/problem-list.js";

/** Where a text in PEM comes from. */
export interface PemSource {
  /** The option, as users know it: `createSecureServer.certFile`. */
  readonly path: string;
  readonly file?: string;
  /** The text itself, in place of a file. */
  readonly pem?: string;
}

/** What stands in the sources at one moment. One that cannot be read has a sentence that says why. */
export type PemTexts = ReadonlyMap<PemSource, string | { readonly fault: string }>;

/** The certificates of all public authorities of the world are a quarter of it. */
const MAX_BYTES = 1024 * 1024;
const CHUNK = 64 * 1024;

/** Reads the sources while the server is created. */
export function readPemTexts(sources: readonly PemSource[]): PemTexts {
  return new Map(sources.map((source) => [source, readNow(source)]));
}

/** Reads them while it runs: a network file system that hangs must not stop the process. */
export async function fetchPemTexts(sources: readonly PemSource[]): Promise<PemTexts> {
  const texts = new Map<PemSource, string | { readonly fault: string }>();
  for (const source of sources) texts.set(source, source.pem ?? (await fetchText(source)));
  return texts;
}

/** The text of a source; notes why there is none. */
export function textOf(
  source: PemSource,
  texts: PemTexts,
  problems: ProblemList,
): string | undefined {
  const text = texts.get(source);
  if (typeof text === "string") return text;
  problems.note(source.path, text?.fault ?? "must be read first");
  return undefined;
}

function readNow({ file = "", pem }: PemSource): string | { readonly fault: string } {
  if (pem !== undefined) return pem;
  try {
    return readText(file, { maxBytes: MAX_BYTES, filesOnly: true });
  } catch (error) {
    return faultOf(error);
  }
}

async function fetchText({ file = "" }: PemSource): Promise<string | { readonly fault: string }> {
  try {
    // Opening a pipe waits for its writer otherwise. Windows has no such flag.
    const handle = await open(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    try {
      const stats = await handle.stat();
      if (!stats.isFile()) throw new TextLimitError("is not a regular file");
      return (await readAll(handle)).toString("utf8").replace(/^\uFEFF/, "");
    } finally {
      await handle.close();
    }
  } catch (error) {
    return faultOf(error);
  }
}

/** To its end: a file may grow while it is read, and some file systems tell no size. */
async function readAll(handle: FileHandle): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for (;;) {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(CHUNK), 0, CHUNK, size);
    if (bytesRead === 0) return Buffer.concat(chunks, size);
    size += bytesRead;
    if (size > MAX_BYTES) throw new TextLimitError("is larger than 1 MB");
    chunks.push(buffer.subarray(0, bytesRead));
  }
}

function faultOf(error: unknown): { readonly fault: string } {
  if (error instanceof TextLimitError)
    return { fault: `must name a file in PEM, got one that ${error.message}` };
  const { code } = error as NodeJS.ErrnoException;
  return { fault: `must name a file that can be read, got ${code ?? "an error"}` };
}
