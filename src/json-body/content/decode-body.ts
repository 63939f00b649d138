import { isUtf8 } from "node:buffer";
import { brotliDecompress, gunzip, inflate, type ZlibOptions } from "node:zlib";
import type { BodyResult } from "../../core/http/bodies/read-body.js";

type Decompress = (
  bytes: Buffer,
  options: ZlibOptions,
  done: (error: Error | null, result: Buffer) => void,
) => void;

/** Content codings that are undone (RFC 9110 §8.4.1). */
const DECOMPRESS: Readonly<Record<string, Decompress>> = {
  gzip: gunzip,
  deflate: inflate,
  br: brotliDecompress,
};

/** The codings for an `Accept-Encoding` field (RFC 9110 §12.5.3). */
export const ACCEPTED_CODINGS = Object.keys(DECOMPRESS).join(", ");

/** The coding of the body, `undefined` for none, or `false` for one that is not undone. */
export function contentCoding(field: string | undefined): string | undefined | false {
  const coding = field?.trim().toLowerCase();
  if (coding === undefined || coding === "" || coding === "identity") return undefined;
  return Object.hasOwn(DECOMPRESS, coding) && coding;
}

/** Decompresses; stops as soon as the result is larger than `limit`, however small the compressed body is. */
export function decompress(
  bytes: Buffer,
  coding: string,
  limit: number,
  done: (result: BodyResult) => void,
): void {
  DECOMPRESS[coding]?.(bytes, { maxOutputLength: limit }, (error, result) => {
    if (error === null) done(result);
    else done(codeOf(error) === "ERR_BUFFER_TOO_LARGE" ? "body_too_large" : "malformed_body");
  });
}

/** Decodes UTF-8, without a byte order mark (RFC 8259 §8.1), or `undefined` when the bytes are not UTF-8. */
export function decodeUtf8(bytes: Buffer): string | undefined {
  const text = bytes.toString("utf8");
  // The decoder puts U+FFFD for what it cannot read; a text without it needs no second look at the bytes.
  if (text.includes("\ufffd") && !isUtf8(bytes)) return undefined;
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
}

function codeOf(error: Error): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}
