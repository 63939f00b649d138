/** A shorter text is too short for a secret, and is printed where it helps. */
const SHORTEST_SECRET = 8;
const CONTROL_CHARACTER = /\p{Cc}/u;
/**
 * Soft hyphen, zero width space, marks and overrides of direction, line separators, word joiner, byte order mark, lone
 * surrogates. Joiners stay: some scripts need them.
 */
const INVISIBLE = /[\u00ad\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]|\p{Cs}/u;
/** What a text is made of into which a variable was put that is not set, or an object. */
const UNSET_WORD = /^(?:null|NaN)$|undefined|\[object [A-Z]\w*\]/;
/** In a URL, `null` stands for the host, its first label, its port or a segment of its path. */
const UNSET_IN_URL =
  /^[a-z][a-z\d+.-]*:\/\/(?:null\.[^/?#.]+\.|(?:[^/?#]*[@.:])?(?:null|NaN)(?=[:/?#]|$)|[^?#]*\/(?:null|NaN)(?=[/?#]|$))/;

const UNSET_TEXT =
  'what an unset variable or an object leaves in a text, such as "undefined": is the variable set?';

/**
 * What is wrong with a text that a template literal made of a variable that is not set, as in
 * `https://undefined/`; the rest of a sentence.
 */
export function unsetFault(text: string): string | undefined {
  return holdsUnset(text) ? `must not hold ${UNSET_TEXT}` : undefined;
}

/** What is wrong with any text, as a fact about it: it holds what nobody writes there. */
export function textFault(text: string): string | undefined {
  if (holdsUnset(text)) return `it holds ${UNSET_TEXT}`;
  return hasControlCharacter(text) ? "it holds control characters" : undefined;
}

function holdsUnset(text: string): boolean {
  return UNSET_WORD.test(text) || UNSET_IN_URL.test(text);
}

/**
 * What a value is, without its content unless it cannot be a secret. A number is one of those only while it is short:
 * where a number is expected, print it yourself.
 */
export function describeValue(value: unknown): string {
  if (value === undefined || value === null || typeof value === "boolean") return String(value);
  if (typeof value === "number") return isHarmless(String(value)) ? String(value) : "a number";
  if (typeof value === "string")
    return value === "" ? "an empty string" : `a string of ${value.length} characters`;
  if (Array.isArray(value))
    return value.length === 0 ? "an empty list" : `a list of ${value.length}`;
  if (typeof value === "function") return "a function";
  if (value instanceof RegExp) return "a regular expression";
  if (value instanceof Promise) return "a promise";
  if (value instanceof URL) return "a URL object, which is no text";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}

/** {@link describeValue} where a text may spell the value that is expected, as a variable of the environment holds it. */
export function describeQuoted(value: unknown, expected: RegExp): string {
  if (Number.isNaN(value)) return "NaN: is it made of a variable that is not set?";
  return typeof value === "string" && expected.test(value) && isHarmless(value)
    ? `"${value}": write it without quotes, and convert what comes from a variable`
    : describeValue(value);
}

/** Whether the value is an object literal or a null-prototype record, from any realm. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  const prototype: object | null = Object.getPrototypeOf(value);
  if (prototype === null) return true;
  // Another record without a prototype is no `Object.prototype`: what stands there would be overlooked.
  return Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype, "isPrototypeOf");
}

/** Whether the text is too short to be a secret, so that a message may print it. */
export function isHarmless(text: string): boolean {
  return text.length < SHORTEST_SECRET;
}

/** Own members only: a polluted `Object.prototype` must not supply a default, a range or a condition. */
export function own<T extends object>(bag: T): T {
  return Object.assign(Object.create(null) as T, bag);
}

/** What is wrong with a name, whatever it names, as the rest of a sentence. */
export function nameFault(name: string): string | undefined {
  const unset = unsetFault(name);
  if (unset !== undefined) return unset;
  if (name.trim() !== name) return "must not start or end with white space";
  if (hasControlCharacter(name)) return "must not hold control characters";
  return INVISIBLE.test(name) ? "must not hold characters that nobody sees" : undefined;
}

/** Whether the text holds a control character, such as a line end. */
function hasControlCharacter(text: string): boolean {
  return CONTROL_CHARACTER.test(text);
}

/**
 * The words of another package about a value of the app, without what they quote of it: each text of the value is
 * replaced by its length, unless it is too short for a secret.
 *
 * @param words - Names that may stay: the vocabulary of the package.
 */
export function withoutTextsOf(
  value: unknown,
  message: string,
  words: ReadonlySet<string> = new Set(),
): string {
  const texts = new Set<string>();
  collectTexts(value, texts, new Set());
  let said = message;
  // The longest first: a short one may be part of it.
  for (const text of [...texts].sort((a, b) => b.length - a.length)) {
    if (words.has(text)) continue;
    const shown = `(${describeValue(text)})`;
    // Packages quote what they complain about: as JSON, in their own letter case.
    for (const form of [text, JSON.stringify(text).slice(1, -1), text.toUpperCase()])
      said = said.replaceAll(form, () => shown);
  }
  return said;
}

function collectTexts(value: unknown, texts: Set<string>, seen: Set<unknown>): void {
  if (typeof value === "string" || typeof value === "number") {
    if (!isHarmless(String(value))) texts.add(String(value));
    return;
  }
  if (typeof value !== "object" || value === null || seen.has(value)) return;
  seen.add(value);
  for (const name of Object.keys(value)) {
    if (!isHarmless(name)) texts.add(name);
    collectTexts((value as Record<string, unknown>)[name], texts, seen);
  }
}
