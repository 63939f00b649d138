/** What browsers look at (MIME Sniffing §5.2). */
const MAX_LENGTH = 1445;
/** What turns bytes without a type into a page, if no `nosniff` stands in the way. */
const PAGE_START =
  /^(?:%PDF-|[\t\n\f\r ]*(?:<\?xml|<!--|<(?:!doctype html|html|head|script|iframe|h1|div|font|table|a|style|title|b|body|br|p)[ >]))/i;
const BLANK = /^[\t\n\f\r ]*$/;

/**
 * Whether browsers take a body without a type for something that they show as a page: HTML, XML or PDF.
 *
 * @returns `undefined` when the part is blank, so that the next one decides.
 * @see https://mimesniff.spec.whatwg.org/#identifying-a-resource-with-an-unknown-mime-type
 */
export function isTakenForPage(part: string | Uint8Array, encoding: unknown): boolean | undefined {
  const start = startOf(part, encoding);
  return BLANK.test(start) ? undefined : PAGE_START.test(start);
}

function startOf(part: string | Uint8Array, encoding: unknown): string {
  if (typeof part !== "string") return latin1(part.subarray(0, MAX_LENGTH));
  // No encoding takes more than two characters for a byte.
  const text = part.slice(0, 2 * MAX_LENGTH);
  const isAsItIs = typeof encoding !== "string" || /^utf-?8$/i.test(encoding);
  return isAsItIs ? text : latin1(Buffer.from(text, encoding as BufferEncoding));
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
}
