import { constants, type FileHandle, open } from "node:fs/promises";
import { TextLimitError } from "../../../core/files/read-text.js";
import { faultOf, MAX_BYTES, type PemSource, type PemText, type PemTexts } from "./pem-source.js";

/** For all files together. */
const READ_MS = 10_000;
const HANGS: PemText = Object.freeze({
  fault: "must name a file that can be read, got no answer within 10 seconds",
});
const CHUNK = 64 * 1024;

/** Reads sources while the server runs: a file system that hangs must stop neither the process nor what waits for a reload. */
export class PemFiles {
  /** What gives no answer. Nothing else is read meanwhile: Node.js has four threads for all files of the process. */
  #hanging: PemSource | undefined;

  /**
   * What stands in the sources now. A file that gives no answer has that for its fault; the others count as unchanged then.
   *
   * @param inUse - What the sources are when they are unchanged.
   */
  async fetch(sources: readonly PemSource[], inUse: PemTexts): Promise<PemTexts> {
    if (this.#hanging !== undefined) return textsBeside(this.#hanging, sources, inUse);
    const texts = new Map<PemSource, PemText>();
    let timer: NodeJS.Timeout | undefined;
    const end = new Promise<undefined>((resolve) => {
      timer = setTimeout(resolve, READ_MS, undefined).unref();
    });
    try {
      for (const source of sources) {
        const text = source.pem ?? (await this.#read(source, end));
        if (text === undefined) return textsBeside(source, sources, inUse);
        texts.set(source, text);
      }
      return texts;
    } finally {
      clearTimeout(timer);
    }
  }

  /** `undefined` when there is no answer by the end. */
  async #read(source: PemSource, end: Promise<undefined>): Promise<PemText | undefined> {
    const reading = fetchText(source);
    const text = await Promise.race([reading, end]);
    if (text !== undefined) return text;
    this.#hanging = source;
    void reading.then(() => {
      this.#hanging = undefined;
    });
    return undefined;
  }
}

function textsBeside(hanging: PemSource, sources: readonly PemSource[], inUse: PemTexts): PemTexts {
  return new Map(
    sources.map((source) => [
      source,
      source === hanging ? HANGS : (source.pem ?? inUse.get(source) ?? HANGS),
    ]),
  );
}

async function fetchText({ file = "" }: PemSource): Promise<PemText> {
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
