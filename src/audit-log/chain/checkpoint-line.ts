import type { SystemFields } from "../record/system-record.js";
import type { Epoch } from "./keys/key-ratchet.js";

/** What a checkpoint says about records that are not there. */
export interface CheckpointCounts {
  /** Records that each sink lost so far, by position. */
  readonly lost: readonly number[];
  /** Successful requests so far that got no record. */
  readonly sampledOut?: number;
  /** Requests so far that share a record with others. */
  readonly aggregated?: number;
}

/** What a checkpoint states. */
export interface CheckpointFacts extends CheckpointCounts {
  /** Records of the stream before this one. */
  readonly records: number;
  /** Failed calls of `onCheckpoint` so far. */
  readonly anchorFailures: number;
  /** Records that only one sink got since the last one: `<position>-<number> <hash>`. */
  readonly sinkRecords: readonly string[];
}

const NAME = '"audit.checkpoint.signature":"';
/** As long as a signature, in the same alphabet. */
const BLANK = "A".repeat(86);
const BLANK_MEMBER = `${NAME}${BLANK}"`;

/** What is signed: the purpose, and the line without the signature and the comma behind it. */
function signedText(lineWithoutSignature: string): string {
  return `express-secure-api audit checkpoint v1\n${lineWithoutSignature}`;
}

/**
 * The line of a checkpoint, signed by the key of its epoch. The signature covers the hash of the record in front of it, so
 * everything before.
 *
 * @param record - Makes the line of a record with these members. The one of the signature must not be its last one.
 */
export function checkpointLine(
  record: (fields: SystemFields) => string,
  { number, nextKey, sign }: Epoch,
  { records, lost, anchorFailures, sinkRecords, sampledOut = 0, aggregated = 0 }: CheckpointFacts,
): string {
  const draft = record({
    ...(aggregated > 0 ? { "audit.checkpoint.aggregated": aggregated } : {}),
    ...(anchorFailures > 0 ? { "audit.checkpoint.anchor_failures": anchorFailures } : {}),
    "audit.checkpoint.epoch": number,
    "audit.checkpoint.lost": lost,
    ...(nextKey === undefined
      ? { "audit.sequence.end": true }
      : { "audit.checkpoint.next_key": nextKey }),
    "audit.checkpoint.records": records,
    ...(sampledOut > 0 ? { "audit.checkpoint.sampled_out": sampledOut } : {}),
    "audit.checkpoint.signature": BLANK,
    ...(sinkRecords.length > 0 ? { "audit.checkpoint.sink_records": sinkRecords } : {}),
  });
  // No text in a record can look like it: there, quotes are escaped.
  const at = draft.indexOf(BLANK_MEMBER);
  const rest = draft.slice(at + BLANK_MEMBER.length);
  if (at === -1 || !rest.startsWith(",")) throw new Error("a checkpoint without a signature");
  const start = draft.slice(0, at);
  return `${start}${NAME}${sign(signedText(start + rest.slice(1)))}"${rest}`;
}
