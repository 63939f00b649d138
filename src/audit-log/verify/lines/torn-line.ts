import type { CanonicalScan } from "./canonical-scan.js";

/** How records begin, in each schema. In a string, a quotation mark has a backslash in front of it. */
const BEGINNINGS = ['{"@timestamp":', '{"activity_id":', '{"class_uid":'].map((text) =>
  Buffer.from(text),
);
const NUL = 0;

/** Whether a line that is cut may be the beginning of a record. One character is too little to say. */
export function isBeginning(bytes: Buffer): boolean {
  return BEGINNINGS.some((beginning) => {
    const length = Math.min(beginning.length, bytes.length);
    return length > 1 && bytes.compare(beginning, 0, length, 0, length) === 0;
  });
}

/**
 * Where a line goes on behind a record that was not written to its end, because the next writer did not begin a line of
 * its own; or behind zeros, which a file system leaves when the power fails. 0 when it does neither.
 */
export function endOfTorn(bytes: Buffer, scan: CanonicalScan): number {
  const last = Math.max(...BEGINNINGS.map((beginning) => bytes.lastIndexOf(beginning)));
  const end = last === -1 && bytes[0] === NUL ? bytes.length : last;
  if (end <= 0) return 0;
  let text = end;
  while (text > 0 && bytes[text - 1] === NUL) text -= 1;
  if (text === 0) return end;
  const torn = bytes.subarray(0, text);
  return isBeginning(torn) && !scan.scan(torn) && scan.irregularity === "cut" ? end : 0;
}
