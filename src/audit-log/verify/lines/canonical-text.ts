/** The letters behind a backslash that stand for the characters with short escapes: `" \ b f n r t`. */
const SHORT = new Set([0x22, 0x5c, 0x62, 0x66, 0x6e, 0x72, 0x74]);
/** Control characters have a short escape where there is one, else `\u00xx` in lower case (RFC 8785 §3.2.2.2). */
const LONG = /^u00(?:0[0-7be-f]|1[0-9a-f])$/;
const CUT = /^(?:u[\da-f]*)?$/;
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

/**
 * How long an escape is, its backslash included, if there is no other way to write that character; else 0.
 *
 * @param at - Behind the backslash.
 */
export function isCanonicalEscape(bytes: Buffer, at: number): 0 | 2 | 6 {
  const letter = bytes[at];
  if (letter === undefined) return 0;
  if (SHORT.has(letter)) return 2;
  return LONG.test(bytes.toString("latin1", at, Math.min(at + 5, bytes.length))) ? 6 : 0;
}

/** Whether a line ends within an escape. @param at - Behind the backslash. */
export function isCutEscape(bytes: Buffer, at: number): boolean {
  return bytes.length - at < 5 && CUT.test(bytes.toString("latin1", at));
}

/** Whether this is how ECMAScript writes the number, which is what RFC 8785 §3.2.2.3 asks for. */
export function isCanonicalNumber(text: string): boolean {
  return NUMBER.test(text) && String(Number(text)) === text;
}

/** What is wrong with the order of two names. */
type OrderFault =
  | "key_order"
  // Only the last one of the same name would be read.
  | "duplicate_key";

/**
 * Whether a name may follow another one: in the order of UTF-16 code units (RFC 8785 §3.2.3), and not the same.
 *
 * @param plain - Whether both are printable ASCII without escapes, which can be compared byte by byte.
 */
export function isOrdered(
  bytes: Buffer,
  before: number,
  beforeEnd: number,
  name: number,
  nameEnd: number,
  plain: boolean,
): true | OrderFault {
  if (!plain) return isOrderedText(textOf(bytes, before, beforeEnd), textOf(bytes, name, nameEnd));
  const length = Math.min(beforeEnd - before, nameEnd - name);
  for (let index = 0; index < length; index += 1) {
    const difference = (bytes[name + index] as number) - (bytes[before + index] as number);
    if (difference !== 0) return difference > 0 ? true : "key_order";
  }
  const longer = nameEnd - name - (beforeEnd - before);
  if (longer > 0) return true;
  return longer === 0 ? "duplicate_key" : "key_order";
}

function isOrderedText(before: string, name: string): true | OrderFault {
  if (before === name) return "duplicate_key";
  return before < name ? true : "key_order";
}

/** The text of a string whose escapes are known to be right. */
function textOf(bytes: Buffer, start: number, end: number): string {
  return JSON.parse(`"${bytes.toString("utf8", start, end)}"`) as string;
}
