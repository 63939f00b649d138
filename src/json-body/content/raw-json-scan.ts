import type { ErrorCode } from "../../core/refusal/error-code.js";

/** What is wrong with a JSON text before it is parsed. */
type RawJsonFault = Extract<ErrorCode, "structure_too_deep" | "duplicate_key" | "forbidden_key">;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;

/** Objects with more members than this get a set: comparing each name with each other is quadratic. */
const COMPARED_NAMES = 16;

/**
 * Looks through a JSON text once, before `JSON.parse`, for what the parsed value no longer shows or what must not be
 * built: nesting beyond `maxDepth`, a member named twice (RFC 8259 §4: receivers differ in which one they take), and
 * `__proto__`. Names are compared as they will be read, with their escapes resolved.
 *
 * It does not check the syntax: on a malformed text it may find something or nothing, and `JSON.parse` refuses it.
 */
export function scanRawJson(text: string, maxDepth: number): RawJsonFault | undefined {
  const length = text.length;
  const objects: (NameList | undefined)[] = [];
  let names: NameList | undefined;
  let nameExpected = false;
  let depth = 0;
  for (let index = 0; index < length; index += 1) {
    switch (text.charCodeAt(index)) {
      case QUOTE: {
        const start = index + 1;
        let escaped = false;
        for (index = start; index < length; index += 1) {
          const unit = text.charCodeAt(index);
          if (unit === QUOTE) break;
          if (unit === BACKSLASH) {
            escaped = true;
            index += 1;
          }
        }
        if (nameExpected && names !== undefined) {
          nameExpected = false;
          const fault = names.add(text, start, index, escaped);
          if (fault !== undefined) return fault;
        }
        break;
      }
      case COMMA:
        nameExpected = names !== undefined;
        break;
      case OPEN_BRACE:
      case OPEN_BRACKET:
        if (depth === maxDepth) return "structure_too_deep";
        objects[depth] = names;
        depth += 1;
        nameExpected = text.charCodeAt(index) === OPEN_BRACE;
        names = nameExpected ? new NameList() : undefined;
        break;
      case CLOSE_BRACE:
      case CLOSE_BRACKET:
        if (depth === 0) return undefined;
        depth -= 1;
        names = objects[depth];
        nameExpected = false;
        break;
    }
  }
  return undefined;
}

/** The member names of one object. A few are kept as positions in the text, without a string for each. */
class NameList {
  readonly #starts: number[] = [];
  readonly #ends: number[] = [];
  #set: Set<string> | undefined;

  add(text: string, start: number, end: number, escaped: boolean): RawJsonFault | undefined {
    if (end - start === 9 && text.startsWith("__proto__", start)) return "forbidden_key";
    if (this.#set === undefined && !escaped && this.#starts.length < COMPARED_NAMES) {
      return this.#addPosition(text, start, end);
    }
    this.#set ??= new Set(this.#starts.map((from, at) => text.slice(from, this.#ends[at])));
    const name = escaped ? unescapeName(text.slice(start, end)) : text.slice(start, end);
    if (name === undefined) return undefined;
    if (name === "__proto__") return "forbidden_key";
    if (this.#set.has(name)) return "duplicate_key";
    this.#set.add(name);
    return undefined;
  }

  #addPosition(text: string, start: number, end: number): RawJsonFault | undefined {
    for (let at = 0; at < this.#starts.length; at += 1) {
      const from = this.#starts[at] as number;
      if ((this.#ends[at] as number) - from === end - start && sameText(text, from, start, end)) {
        return "duplicate_key";
      }
    }
    this.#starts.push(start);
    this.#ends.push(end);
    return undefined;
  }
}

function sameText(text: string, first: number, second: number, secondEnd: number): boolean {
  for (let a = first, b = second; b < secondEnd; a += 1, b += 1) {
    if (text.charCodeAt(a) !== text.charCodeAt(b)) return false;
  }
  return true;
}

/** `undefined` for a malformed escape, which `JSON.parse` refuses. */
function unescapeName(raw: string): string | undefined {
  try {
    return JSON.parse(`"${raw}"`) as string;
  } catch {
    return undefined;
  }
}
