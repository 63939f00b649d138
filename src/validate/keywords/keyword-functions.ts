import { FORMATS } from "./formats.js";

/**
 * A test for `pattern`. It is not tried on text that `maxLength` refuses anyway, which could take quadratic time.
 *
 * @throws Error when it is no regular expression.
 */
export function compilePattern(source: string, maxLength: unknown): (text: string) => boolean {
  const pattern = new RegExp(source, "u");
  // maxLength counts code points (JSON Schema 2020-12 §6.3.1), of which each has at most two code units.
  const max = typeof maxLength === "number" ? maxLength * 2 : Number.POSITIVE_INFINITY;
  return (text) => text.length > max || pattern.test(text);
}

/** A test for `format`. @throws Error when the format is not known. */
export function compileFormat(name: string): (text: string) => boolean {
  const check = Object.hasOwn(FORMATS, name) ? FORMATS[name] : undefined;
  if (check === undefined) {
    throw new Error(`unknown format: known formats are ${Object.keys(FORMATS).join(", ")}`);
  }
  return check;
}

/** Code points of a text: `minLength` and `maxLength` count them. */
export function codePoints(text: string): number {
  let count = text.length;
  for (let index = 0; index < text.length - 1; index += 1) {
    // A pair counts as one.
    if ((text.codePointAt(index) ?? 0) > 0xffff) {
      count -= 1;
      index += 1;
    }
  }
  return count;
}
