import type { FindingList } from "../findings/finding-list.js";
import type { ExpiredStatement, StreamState } from "../streams/stream-state.js";

/** Whether what a stream says in a record can be believed as much as the stream itself. */
export function isBelieved({ by, at }: { readonly by: StreamState; readonly at: number }): boolean {
  return !by.signed || at <= by.sealedTo;
}

/** Records of a stream that are not there. */
export interface MissingRange {
  readonly stream: string;
  readonly first: number;
  readonly last: number;
  /** What the record behind them says about the last of them; `""` when there is none. */
  readonly hash: string;
  /** Behind "records 5 to 7 are missing". */
  readonly why: string;
  readonly file?: string;
  readonly line?: number;
}

/**
 * Says that records are missing, those excepted that were deleted because they were old enough, as the log itself says
 * in a record that is sealed like all others.
 */
export function sayMissing(
  { stream, first, last, hash, why, ...place }: MissingRange,
  statements: readonly ExpiredStatement[] | undefined,
  findings: FindingList,
): void {
  let next = first;
  const believed = (statements ?? []).filter(isBelieved).sort((a, b) => a.first - b.first);
  for (const range of believed) {
    if (range.first > next || range.last < next) continue;
    const end = Math.min(range.last, last);
    findings.add("expired_records", {
      ...place,
      stream,
      first: next,
      last: end,
      message: `${recordsOf(next, end)} were deleted because they were old, as stream ${range.by.id} says in record ${range.at}`,
    });
    if (hash !== "" && range.last === last && range.hash !== hash) {
      const message = `record ${last + 1} does not follow on record ${last} as it was when it was deleted, as stream ${range.by.id} says in record ${range.at}`;
      findings.blame("expired_mismatch", stream, last + 1, { ...place, message });
    }
    next = end + 1;
    if (next > last) return;
  }
  const message = `${recordsOf(next, last)} ${next === last ? "is" : "are"} missing${why}`;
  findings.add("missing_records", { ...place, stream, first: next, last, message });
}

export function recordsOf(first: number, last: number): string {
  return first === last ? `record ${first}` : `records ${first} to ${last}`;
}
