/**
 * Charset labels of UTF-8, and of US-ASCII, whose every text is UTF-8. Those of UTF-8 are from the Encoding standard
 * (§4.2) and the IANA registry; the Encoding standard takes labels of US-ASCII for windows-1252, IANA does not.
 */
const LABELS: ReadonlySet<string> = new Set([
  "utf-8",
  "utf8",
  "csutf8",
  "unicode-1-1-utf-8",
  "unicode11utf8",
  "unicode20utf8",
  "x-unicode20utf8",
  "us-ascii",
  "ascii",
  "csascii",
  "us",
  "iso646-us",
  "iso_646.irv:1991",
  "iso-ir-6",
  "ansi_x3.4-1968",
  "ansi_x3.4-1986",
  "ibm367",
  "cp367",
]);

/**
 * Whether a `charset` parameter, in lower case, says that the text is UTF-8. Whatever the label says, only UTF-8 is read:
 * US-ASCII that is not ASCII is UTF-8, or refused.
 *
 * @see https://www.iana.org/assignments/character-sets
 */
export function isUtf8Label(charset: string): boolean {
  return LABELS.has(charset);
}
