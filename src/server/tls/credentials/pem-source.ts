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
export type PemTexts = ReadonlyMap<PemSource, PemText>;

/** The text, or what is wrong with the file. */
export type PemText = string | { readonly fault: string };

/** The certificates of all public authorities of the world are a quarter of it. */
export const MAX_BYTES = 1024 * 1024;

/** Reads the sources while the server is created. */
export function readPemTexts(sources: readonly PemSource[]): PemTexts {
  return new Map(sources.map((source) => [source, readNow(source)]));
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

function readNow({ file = "", pem }: PemSource): PemText {
  if (pem !== undefined) return pem;
  try {
    return readText(file, { maxBytes: MAX_BYTES, filesOnly: true });
  } catch (error) {
    return faultOf(error);
  }
}

/** Why a file cannot be used, in place of its text. */
export function faultOf(error: unknown): { readonly fault: string } {
  if (error instanceof TextLimitError)
    return { fault: `must name a file in PEM, got one that ${error.message}` };
  const { code } = error as NodeJS.ErrnoException;
  return { fault: `must name a file that can be read, got ${code ?? "an error"}` };
}
