import { safeText } from "./safe-text.js";

/** Printable ASCII that JSON leaves as it is: nearly every value of nearly every record. */
const PLAIN = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/;

/** The text as a JSON string, as {@link safeText} lets it stand in a record. */
export function jsonText(text: string, max = 256): string {
  return `"${unquotedText(text, max)}"`;
}

/** {@link jsonText} without its quotes. */
export function unquotedText(text: string, max = 256): string {
  return text.length <= max && PLAIN.test(text)
    ? text
    : JSON.stringify(safeText(text, max)).slice(1, -1);
}

/** {@link unquotedText} of a text that may be missing. */
export function optionalText(text: string | undefined): string | undefined {
  return text === undefined ? undefined : unquotedText(text);
}
