import type { KeyObject } from "node:crypto";
import type { FindingList } from "../findings/finding-list.js";
import { isFirstCertified } from "../seals/certificates.js";
import type { RunSeals } from "../seals/run-seals.js";
import type { Run } from "../streams/run.js";
import type { StreamState } from "../streams/stream-state.js";
import { recordsOf } from "./missing-records.js";

/** What the one who verifies knows besides the log. */
export interface Trust {
  /** Long-term keys, one of which must have signed the first key of each stream. Empty when nobody gave one. */
  readonly keys: readonly KeyObject[];
  /**
   * How old the last checkpoint of a stream that was not closed may be, in milliseconds; `undefined` when each must be
   * closed.
   */
  readonly maxAge: number | undefined;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** Says whether somebody vouches for the key of a stream, and up to where. */
export function judgeSeals(
  stream: StreamState,
  main: readonly Run[],
  seals: RunSeals,
  trust: Trust,
  findings: FindingList,
  place: { readonly file: string; readonly line: number },
): void {
  const [first] = main;
  const begins = first?.first === 1;
  stream.sealedTo = seals.rooted ? seals.sealedTo : 0;
  const anchored = [...stream.anchored.values()].includes(true);
  // What is proven behind a gap proves nothing about a beginning.
  const certified = begins
    ? first.seals.certified || isCertified(stream, trust.keys)
    : seals.certified;
  stream.trusted = seals.rooted && (anchored || certified);
  if (trust.keys.length === 0 || !begins || certified) return;
  const facts = { ...place, stream: stream.id, first: 1, last: 1 };
  if (stream.signed && stream.certificates.length > 0) {
    const message = "the key of this stream is certified by another key than those that were given";
    findings.add("wrong_key", { ...facts, message });
  } else {
    const message = stream.signed
      ? "no given key certifies the key of this stream: whoever wrote it may have made that key"
      : "this stream is not signed, and a key was given that must have certified it";
    findings.add("no_certificate", { ...facts, message });
  }
}

function isCertified(
  { id, publicKey, certificates }: StreamState,
  keys: readonly KeyObject[],
): boolean {
  if (publicKey === undefined) return false;
  return certificates.some(
    (certificate) =>
      certificate.publicKey === publicKey &&
      isFirstCertified(keys, id, publicKey, certificate.signature),
  );
}

/** Says how a stream ends. */
export function judgeTail(
  stream: StreamState,
  last: Run,
  seals: RunSeals,
  { maxAge, now }: Trust,
  findings: FindingList,
  place: { readonly file: string; readonly line: number },
): void {
  const ends = last.ended !== 0 && last.ended === last.last;
  stream.closed = ends && (!stream.signed || seals.last === last.last);
  if (stream.closed) return;
  const facts = { ...place, stream: stream.id, first: last.last, last: last.last };
  const age = now - seals.sealedAt;
  // One from the future is no proof that the log goes on: it may have been cut off long before.
  if (maxAge !== undefined && stream.signed && Math.abs(age) <= maxAge) {
    const message = `the stream is not closed, and its last checkpoint is ${Math.max(0, Math.round(age / 1000))} seconds old`;
    findings.add("open_end", { ...facts, message });
    return;
  }
  const tail = last.last - seals.last;
  if (stream.signed && tail > 0) {
    const message =
      seals.last === 0
        ? `no checkpoint seals any of its records: the last ones may have been changed or cut off`
        : `${recordsOf(seals.last + 1, last.last)} ${tail === 1 ? "stands" : "stand"} behind the last checkpoint, ${seals.last}: nothing seals ${tail === 1 ? "it" : "them"}, and more may have been cut off`;
    findings.add("unsealed_tail", { ...facts, first: seals.last + 1, message });
  }
  const message = `the stream was not closed behind record ${last.last}: its process was killed, or still runs, or the end was cut off`;
  findings.add("not_closed", { ...facts, message });
}
