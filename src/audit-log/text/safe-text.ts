/** Anything but printable ASCII, which nearly every value of nearly every record is made of. */
const UNUSUAL = /[^\x20-\x7e]/;
/** Controls (C0, DEL, C1), bidirectional controls, line separators, the byte order mark and lone surrogates. */
const STEERING = /[\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}\p{Cs}\ufeff]/gu;

/**
 * The text as it may stand in a record: at most `max` characters, the rest given as a count, `...+120`.
 *
 * A character that could steer a terminal or a log viewer is spelt `\uXXXX` in the value itself, so that it stays
 * harmless after the JSON is parsed and printed, and so that serialising the record again gives the same bytes.
 */
export function safeText(text: string, max = 256): string {
  const cut = text.length > max ? `${text.slice(0, max)}...+${text.length - max}` : text;
  return UNUSUAL.test(cut) ? cut.replace(STEERING, spell) : cut;
}

function spell(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
