import type { ChainMembers } from "../lines/chain-members.js";
import { bytesOf } from "./ed25519.js";

/** Seals all records of a stream up to its own. */
export interface Checkpoint {
  readonly number: number;
  readonly epoch: number;
  /** Of the next epoch, as base64url; `undefined` in the last checkpoint of a stream. */
  readonly nextKey: string | undefined;
  readonly signature: string;
  /** What was signed. */
  readonly message: Buffer;
  /** Records that the log said it lost: the most of any sink. */
  readonly lost: number;
  /** Records of the stream in front of it, as it says. */
  readonly records: number;
  /** Milliseconds since 1970, or NaN. */
  readonly time: number;
}

/** A stream that the file held when this one began to write to it. */
export interface PreviousStream {
  readonly stream: string;
  readonly number: number;
  readonly hash: string;
}

/** Records that were deleted because they were old enough. */
export interface ExpiredRange {
  readonly stream: string;
  readonly first: number;
  readonly last: number;
  /** Of the last line. */
  readonly hash: string;
}

/** A record that only one sink got, as a checkpoint names it. */
export interface SinkRecordStatement {
  /** Of the sink. */
  readonly position: number;
  readonly number: number;
  readonly hash: string;
}

/** The long-term key vouches for the key of an epoch. */
export interface EpochCertificate {
  readonly epoch: number;
  readonly publicKey: string;
  readonly signature: string;
}

/** What a record says about the chain. */
export interface Statements {
  readonly checkpoint: Checkpoint | "broken" | undefined;
  /** Of the first epoch. */
  readonly publicKey: string | undefined;
  readonly certificate: string | undefined;
  readonly epochCertificate: EpochCertificate | undefined;
  readonly end: boolean;
  readonly previous: PreviousStream | undefined;
  readonly expired: readonly ExpiredRange[];
  readonly sinkRecords: readonly SinkRecordStatement[];
}

const CHECKPOINT_CONTEXT = Buffer.from("express-secure-api audit checkpoint v1\n");
const UUID = "[\\da-f]{8}(?:-[\\da-f]{4}){3}-[\\da-f]{12}";
const IS_UUID = new RegExp(`^${UUID}$`);
const EXPIRED = new RegExp(`^(${UUID}) ([1-9]\\d{0,15})-([1-9]\\d{0,15}) ([\\w-]{43})$`);
const SINK_RECORD = /^(\d{1,9})-([1-9]\d{0,15}) ([\w-]{43})$/;
const HASH = /^[\w-]{43}$/;
const COMMA = 0x2c;
/** Of one record. A real one names the streams of one file. */
const MAX_EXPIRED = 1000;

/**
 * Reads what a record says about the chain.
 *
 * @param bytes - A canonical line.
 * @param members - Where its members are.
 */
export function readStatements(bytes: Buffer, number: number, members: ChainMembers): Statements {
  const parsed = JSON.parse(bytes.toString("utf8")) as Record<string, unknown>;
  const { unmapped } = parsed as { readonly unmapped?: Record<string, unknown> };
  const inner = typeof unmapped === "object" && unmapped !== null ? unmapped : {};
  const read = (name: string): unknown =>
    Object.hasOwn(parsed, name)
      ? parsed[name]
      : Object.hasOwn(inner, name)
        ? inner[name]
        : undefined;
  const certificate = textOf(read("audit.checkpoint.certificate"));
  const publicKey = keyOf(read("audit.checkpoint.public_key"));
  const epoch = read("audit.checkpoint.epoch");
  const isFirst = epoch === undefined;
  return {
    checkpoint: readCheckpoint(bytes, number, members, read),
    publicKey: isFirst ? publicKey : undefined,
    certificate: isFirst ? certificate : undefined,
    epochCertificate: epochCertificateOf(isFirst ? 1 : epoch, publicKey, certificate, isFirst),
    end: read("audit.sequence.end") === true,
    previous: previousOf(read),
    expired: expiredOf(read("audit.expired.streams")),
    sinkRecords: sinkRecordsOf(read("audit.checkpoint.sink_records")),
  };
}

/** That of the first epoch has no number. */
function epochCertificateOf(
  epoch: unknown,
  publicKey: string | undefined,
  signature: string | undefined,
  isFirst: boolean,
): EpochCertificate | undefined {
  if (publicKey === undefined || signature === undefined) return undefined;
  return isCount(epoch) && (isFirst || epoch > 1) ? { epoch, publicKey, signature } : undefined;
}

function readCheckpoint(
  bytes: Buffer,
  number: number,
  { signature }: ChainMembers,
  read: (name: string) => unknown,
): Checkpoint | "broken" | undefined {
  const epoch = read("audit.checkpoint.epoch");
  const records = read("audit.checkpoint.records");
  if (signature.value === -1) {
    const isCertificate = read("audit.checkpoint.certificate") !== undefined;
    return records === undefined && (epoch === undefined || isCertificate) ? undefined : "broken";
  }
  const nextKey = read("audit.checkpoint.next_key");
  const signed = read("audit.checkpoint.signature");
  if (!isCount(epoch) || bytesOf(signed, 64) === undefined) return "broken";
  if (nextKey !== undefined && keyOf(nextKey) === undefined) return "broken";
  const lost = read("audit.checkpoint.lost");
  return {
    number,
    epoch,
    nextKey: keyOf(nextKey),
    signature: signed as string,
    message: Buffer.concat([CHECKPOINT_CONTEXT, ...without(bytes, signature.name, signature.end)]),
    lost: Array.isArray(lost) ? Math.max(0, ...lost.slice(0, 64).filter(isCount)) : 0,
    records: isCount(records) ? records : 0,
    time: Date.parse(textOf(read("@timestamp")) ?? textOf(read("time")) ?? ""),
  };
}

/** The line without one of its members and the comma that belongs to it. */
function without(bytes: Buffer, start: number, end: number): readonly Buffer[] {
  return bytes[end] === COMMA
    ? [bytes.subarray(0, start), bytes.subarray(end + 1)]
    : [bytes.subarray(0, bytes[start - 1] === COMMA ? start - 1 : start), bytes.subarray(end)];
}

function previousOf(read: (name: string) => unknown): PreviousStream | undefined {
  const stream = read("audit.previous.stream_id");
  const number = read("audit.previous.number");
  const hash = read("audit.previous.hash");
  if (typeof stream !== "string" || !IS_UUID.test(stream) || !isCount(number)) return undefined;
  return typeof hash === "string" && HASH.test(hash) ? { stream, number, hash } : undefined;
}

function expiredOf(value: unknown): readonly ExpiredRange[] {
  if (!Array.isArray(value)) return [];
  return value.slice(0, MAX_EXPIRED).flatMap((text: unknown) => {
    const [, stream, first, last, hash] = (typeof text === "string" && EXPIRED.exec(text)) || [];
    if (stream === undefined || hash === undefined) return [];
    return [{ stream, first: Number(first), last: Number(last), hash }];
  });
}

function sinkRecordsOf(value: unknown): readonly SinkRecordStatement[] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((text: unknown) => {
    const [, position, number, hash] = (typeof text === "string" && SINK_RECORD.exec(text)) || [];
    if (hash === undefined) return [];
    return [{ position: Number(position), number: Number(number), hash }];
  });
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) > 0;
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function keyOf(value: unknown): string | undefined {
  return bytesOf(value, 32) === undefined ? undefined : (value as string);
}
