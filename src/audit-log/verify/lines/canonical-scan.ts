import { isCanonicalEscape, isCanonicalNumber, isCutEscape, isOrdered } from "./canonical-text.js";
import {
  type ChainMembers,
  type MemberPlace,
  type MemberRole,
  noMembers,
  roleOf,
} from "./chain-members.js";
import { findFollower, type KnownName, KnownNames } from "./known-names.js";

/** Why a line is not canonical JSON (RFC 8785) in UTF-8, or `cut` when it is the beginning of such a line. */
export type Irregularity =
  | "cut"
  | "syntax"
  | "white_space"
  | "key_order"
  | "duplicate_key"
  | "number"
  | "escape"
  | "control_character"
  | "nested"
  | "encoding";

/** What the bytes of a string are. */
const PLAIN = 0;
const QUOTE = 1;
const BACKSLASH = 2;
const CONTROL = 3;
const NOT_ASCII = 4;
const KINDS = Uint8Array.from({ length: 256 }, (_unused, byte) => {
  if (byte === 0x22) return QUOTE;
  if (byte === 0x5c) return BACKSLASH;
  if (byte < 0x20) return CONTROL;
  return byte < 0x80 ? PLAIN : NOT_ASCII;
});

const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const ZERO = 0x30;
const NINE = 0x39;
/** Of the digits that no number can need more of to be written in another way. */
const SAFE_DIGITS = 15;
const FAILED = -1;
/** The object of the OCSF schema that holds what OCSF has no place for. */
const UNMAPPED = "unmapped";
/** Records nest three deep. A parser by recursion must not be led deeper by what it reads. */
const MAX_DEPTH = 32;

/**
 * Looks at every byte of a line once: whether it is one object of canonical JSON, and where the members of the chain
 * are. One instance serves all lines, because it allocates nothing.
 *
 * A line that passes means the same to every JSON parser: no name stands twice in it, and there is one way to write
 * each of its values.
 */
export class CanonicalScan {
  /** Where the members are, of the record itself or of its `unmapped` object. */
  readonly members: ChainMembers = noMembers();
  irregularity: Irregularity | undefined;
  readonly #places: readonly MemberPlace[] = Object.values(this.members);
  readonly #names = new KnownNames();
  readonly #unmapped = this.#names.learn(undefined, UNMAPPED);
  #bytes: Buffer = Buffer.alloc(0);
  #notAscii = false;
  /** Whether the string that was read last can be compared byte by byte. */
  #plain = true;

  /** Whether the line is canonical. What is not ASCII is left to the caller: see {@link notAscii}. */
  scan(bytes: Buffer): boolean {
    this.#bytes = bytes;
    this.#notAscii = false;
    this.irregularity = undefined;
    for (let index = 0; index < this.#places.length; index += 1) {
      (this.#places[index] as MemberPlace).value = -1;
    }
    if (bytes[0] !== OPEN_BRACE) return this.#fail("syntax", 0) !== FAILED;
    const end = this.#object(1, 0, true);
    if (end === FAILED) return false;
    return end === bytes.length || this.#fail("syntax", end) !== FAILED;
  }

  /** Whether there are bytes beyond ASCII, which may be no UTF-8. */
  get notAscii(): boolean {
    return this.#notAscii;
  }

  /** @returns where the value ends, or `FAILED`. */
  #value(at: number, depth: number, noted: boolean): number {
    const bytes = this.#bytes;
    const byte = bytes[at] ?? 0;
    if (byte === 0x22) {
      const end = this.#string(at + 1);
      return end === FAILED ? FAILED : end + 1;
    }
    if (byte >= ZERO && byte <= NINE) return this.#number(at);
    if (byte === OPEN_BRACE) {
      return depth > MAX_DEPTH ? this.#fail("nested", at) : this.#object(at + 1, depth, noted);
    }
    if (byte === OPEN_BRACKET) {
      return depth > MAX_DEPTH ? this.#fail("nested", at) : this.#array(at + 1, depth);
    }
    if (byte === 0x2d) return this.#number(at);
    for (const word of ["true", "false", "null"]) {
      const found = bytes.toString("latin1", at, Math.min(at + word.length, bytes.length));
      if (found === word) return at + word.length;
      if (found !== "" && at + found.length === bytes.length && word.startsWith(found)) {
        return this.#fail("cut", at);
      }
    }
    return this.#fail("syntax", at);
  }

  #object(start: number, depth: number, noted: boolean): number {
    const bytes = this.#bytes;
    if (bytes[start] === CLOSE_BRACE) return start + 1;
    let at = start;
    let known: KnownName | undefined = noted ? this.#names.start : undefined;
    // The name in front, for the order.
    let before = FAILED;
    let beforeEnd = FAILED;
    let beforePlain = true;
    for (;;) {
      const key = at + 1;
      let keyEnd: number;
      const follower = findFollower(bytes, at, known);
      if (follower === undefined) {
        if (bytes[at] !== 0x22) return this.#fail("syntax", at);
        keyEnd = this.#string(key);
        if (keyEnd === FAILED) return FAILED;
        const plain = this.#plain;
        if (before !== FAILED) {
          const order = isOrdered(bytes, before, beforeEnd, key, keyEnd, beforePlain && plain);
          if (order !== true) return this.#fail(order, key);
        }
        beforePlain = plain;
        if (bytes[keyEnd + 1] !== COLON) return this.#fail("syntax", keyEnd + 1);
        const text = noted && plain ? bytes.toString("latin1", key, keyEnd) : undefined;
        known = text === undefined ? undefined : this.#names.learn(known, text);
        const role = known === undefined && text !== undefined ? roleOf(text) : known?.role;
        at = this.#member(at, keyEnd + 2, depth, role, noted && text === UNMAPPED);
      } else {
        known = follower;
        keyEnd = at + follower.bytes.length - 2;
        beforePlain = true;
        at = this.#member(at, keyEnd + 2, depth, follower.role, follower === this.#unmapped);
      }
      if (at === FAILED) return FAILED;
      before = key;
      beforeEnd = keyEnd;
      const next = bytes[at];
      if (next === CLOSE_BRACE) return at + 1;
      if (next !== COMMA) return this.#fail("syntax", at);
      at += 1;
    }
  }

  /** @returns where the value ends, or `FAILED`. */
  #member(
    name: number,
    value: number,
    depth: number,
    role: MemberRole | undefined,
    unmapped: boolean,
  ): number {
    const end = this.#value(value, depth + 1, unmapped && depth === 0);
    if (role === undefined || end === FAILED) return end;
    const place = this.members[role];
    if (place.value !== -1) {
      if (role === "special" || role === "event") return end;
      // In the record and in its `unmapped` object: which of them would count?
      return this.#fail("duplicate_key", name);
    }
    place.name = name;
    place.value = value;
    place.end = end;
    return end;
  }

  #array(start: number, depth: number): number {
    const bytes = this.#bytes;
    if (bytes[start] === CLOSE_BRACKET) return start + 1;
    let at = start;
    for (;;) {
      at = this.#value(at, depth + 1, false);
      if (at === FAILED) return FAILED;
      const next = bytes[at];
      if (next === CLOSE_BRACKET) return at + 1;
      if (next !== COMMA) return this.#fail("syntax", at);
      at += 1;
    }
  }

  /** @returns where the closing quote is, or `FAILED`. */
  #string(start: number): number {
    const bytes = this.#bytes;
    const { length } = bytes;
    let at = start;
    this.#plain = true;
    while (at < length) {
      const kind = KINDS[bytes[at] as number];
      if (kind === PLAIN) at += 1;
      else if (kind === QUOTE) return at;
      else if (kind === NOT_ASCII) {
        this.#notAscii = true;
        this.#plain = false;
        at += 1;
      } else if (kind === BACKSLASH) {
        this.#plain = false;
        const escaped = isCanonicalEscape(bytes, at + 1);
        if (escaped === 0) return this.#fail(isCutEscape(bytes, at + 1) ? "cut" : "escape", at);
        at += escaped;
      } else return this.#fail("control_character", at);
    }
    return this.#fail("cut", at);
  }

  #number(start: number): number {
    const bytes = this.#bytes;
    let at = start;
    while (isDigit(bytes[at])) at += 1;
    const next = bytes[at];
    const whole = next === COMMA || next === CLOSE_BRACE || next === CLOSE_BRACKET;
    const digits = at - start;
    if (whole && digits > 0 && digits <= SAFE_DIGITS && (bytes[start] !== ZERO || digits === 1)) {
      return at;
    }
    while (isOfNumber(bytes[at])) at += 1;
    if (at === bytes.length) return this.#fail("cut", at);
    return isCanonicalNumber(bytes.toString("latin1", start, at))
      ? at
      : this.#fail("number", start);
  }

  #fail(why: Irregularity, at: number): typeof FAILED {
    const byte = this.#bytes[at];
    if (byte === undefined) this.irregularity = "cut";
    else if (why === "syntax" && (byte === 0x20 || byte === 0x09)) {
      this.irregularity = "white_space";
    } else this.irregularity = why;
    return FAILED;
  }
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= ZERO && byte <= NINE;
}

function isOfNumber(byte: number | undefined): boolean {
  // Digits, `+`, `-`, `.`, `E` and `e`.
  return (
    isDigit(byte) ||
    byte === 0x2b ||
    byte === 0x2d ||
    byte === 0x2e ||
    byte === 0x45 ||
    byte === 0x65
  );
}
