import { isUtf8 } from "node:buffer";
import { CanonicalScan, type Irregularity } from "./canonical-scan.js";
import type { MemberPlace } from "./chain-members.js";
import { guessPlace } from "./guess-place.js";
import type { LineKind } from "./record-line.js";
import { isBeginning } from "./torn-line.js";

const UUID_LENGTH = 36;
const HASH_LENGTH = 43;
const UUID = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/;
const HASH = /^[\w-]{43}$/;
/** Of the records that tell one sink of its losses and its files: `<stream>.<position>-<number>`. */
const UNCHAINED_ID = /^"([\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12})\.(\d{1,9})-([1-9]\d{0,15})"$/;
const COMMON_ID = /^"([\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12})-([1-9]\d{0,15})"$/;
const CLOSED = '"sys_monitor_disabled"';
/** What a sink is told that no other one is. */
const UNCHAINED_EVENTS: ReadonlySet<string> = new Set(['"log_dropped"', '"log_segment"']);

/** Reads the lines of a log. One instance serves all lines of one verification. */
export class LineReader {
  /** Of the line that was read last. */
  readonly scan = new CanonicalScan();
  /** The stream of the line that was read last: lines of one stream follow each other. */
  #stream = "";

  read(bytes: Buffer): LineKind {
    if (bytes.length === 0) return { other: "blank" };
    const { scan } = this;
    const canonical = scan.scan(bytes);
    const irregularity = scan.notAscii && !isUtf8(bytes) ? "encoding" : scan.irregularity;
    if (!canonical || irregularity === "encoding")
      return irregular(bytes, irregularity ?? "syntax");
    const { members } = scan;
    if (
      members.number.value === -1 &&
      members.stream.value === -1 &&
      members.previous.value === -1
    ) {
      return this.#unchained(bytes);
    }
    const number = wholeOf(bytes, members.number);
    const stream = this.#streamOf(bytes, members.stream);
    const previous = hashOf(bytes, members.previous);
    const id = this.#isIdRight(bytes, stream, members.number);
    if (number === 0 || stream === "" || previous === undefined || !id) {
      return faulty(bytes, stream, number, previous);
    }
    const fits = (number === 1) === (previous === "");
    return {
      stream,
      number,
      previous,
      chained: true,
      fault: fits ? this.#schemaFault(bytes) : "members",
      closes: false,
      special: members.special.value !== -1 || members.signature.value !== -1 || number === 1,
    };
  }

  /** A record without a chain, or no record. */
  #unchained(bytes: Buffer): LineKind {
    const { id, event, schema, special, signature } = this.scan.members;
    const isOurs = [schema, special, signature].some(({ value }) => value !== -1);
    const nothing: LineKind = isOurs
      ? { other: "unreadable", why: "members" }
      : { other: "foreign" };
    if (id.value === -1) return nothing;
    const text = bytes.toString("latin1", id.value, id.end);
    const [, of, position, place] = UNCHAINED_ID.exec(text) ?? [];
    if (of !== undefined) {
      const name = event.value === -1 ? "" : bytes.toString("latin1", event.value, event.end);
      // Of anything else, nothing would say that somebody put it in.
      return UNCHAINED_EVENTS.has(name)
        ? { other: "unchained", stream: of, position: Number(position), number: Number(place) }
        : { other: "unreadable", why: "members" };
    }
    const [, stream = "", number = ""] = COMMON_ID.exec(text) ?? [];
    if (stream === "") return nothing;
    return {
      stream,
      number: Number(number),
      previous: "",
      chained: false,
      fault: this.#schemaFault(bytes),
      closes: event.value !== -1 && bytes.toString("latin1", event.value, event.end) === CLOSED,
      special: false,
    };
  }

  #streamOf(bytes: Buffer, { value, end }: MemberPlace): string {
    if (value === -1 || end - value !== UUID_LENGTH + 2) return "";
    const stream = bytes.toString("latin1", value + 1, end - 1);
    if (stream === this.#stream) return this.#stream;
    if (!UUID.test(stream)) return "";
    this.#stream = stream;
    return stream;
  }

  /** Whether the id of the record, where the schema has one, names the same stream and number. */
  #isIdRight(bytes: Buffer, stream: string, number: MemberPlace): boolean {
    const { id } = this.scan.members;
    if (id.value === -1) return true;
    const digits = id.value + 1 + UUID_LENGTH + 1;
    const length = number.end - number.value;
    if (id.end - 1 - digits !== length || bytes[digits - 1] !== 0x2d) return false;
    for (let index = 0; index < length; index += 1) {
      if (bytes[digits + index] !== bytes[number.value + index]) return false;
    }
    return bytes.toString("latin1", id.value + 1, digits - 1) === stream;
  }

  #schemaFault(bytes: Buffer): "schema" | undefined {
    const { value, end } = this.scan.members.schema;
    if (value === -1) return undefined;
    return bytes[value + 1] === 0x31 && end - value === 3 ? undefined : "schema";
  }
}

/** A whole number from 1, or 0. */
function wholeOf(bytes: Buffer, { value, end }: MemberPlace): number {
  if (value === -1 || end - value > 16) return 0;
  let number = 0;
  for (let at = value; at < end; at += 1) {
    const digit = (bytes[at] as number) - 0x30;
    if (digit < 0 || digit > 9) return 0;
    number = number * 10 + digit;
  }
  return Number.isSafeInteger(number) ? number : 0;
}

/** `""` when there is none, `undefined` when it is no hash. */
function hashOf(bytes: Buffer, { value, end }: MemberPlace): string | undefined {
  if (value === -1) return "";
  if (end - value !== HASH_LENGTH + 2) return undefined;
  const hash = bytes.toString("latin1", value + 1, end - 1);
  return HASH.test(hash) ? hash : undefined;
}

/** Canonical, but its members are not those of a chain, or contradict each other. */
function faulty(
  bytes: Buffer,
  stream: string,
  number: number,
  previous: string | undefined,
): LineKind {
  const guessed = guessPlace(bytes);
  const named = stream === "" || number === 0 ? undefined : { stream, number };
  const place = guessed ?? named;
  if (place === undefined) return { other: "unreadable", why: "members" };
  return {
    stream: place.stream,
    number: place.number,
    previous: previous ?? "",
    chained: true,
    fault: named === undefined || previous === undefined ? "members" : "record_id",
    closes: false,
    special: false,
    ...(named === undefined ? {} : { elsewhere: named }),
  };
}

/** What cannot be trusted to mean one thing. It may still be told which record it was. */
function irregular(bytes: Buffer, why: Irregularity): LineKind {
  if (!looksLikeRecord(bytes, why)) return { other: "foreign" };
  const place = why === "cut" ? undefined : guessPlace(bytes);
  if (place === undefined) return { other: "unreadable", why };
  const { stream, number, previous, chained } = place;
  return { stream, number, previous, chained, fault: why, closes: false, special: false };
}

/** Other programs may write to the standard output as well: what has nothing of a record is none of ours. */
function looksLikeRecord(bytes: Buffer, why: Irregularity): boolean {
  return bytes.includes('"audit.') || (why === "cut" && isBeginning(bytes));
}
