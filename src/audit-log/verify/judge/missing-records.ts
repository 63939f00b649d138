import type { FindingList } from "../findings/finding-list.js";
import type { ExpiredStatement } from "../streams/stream-state.js";

/**
 * What is believed to have expired: what stands in records that are sealed, if the stream that says so has seals. Each
 * range begins and ends behind the one in front of it.
 *
 * @param checked - Whether it is known who vouches for streams: then others are not believed.
 */
export function believedRanges(
  checked: boolean,
  statements: readonly ExpiredStatement[] = [],
): readonly ExpiredStatement[] {
  let highest = 0;
  return statements
    .filter(({ by, at }) => {
      const isSealed = at <= by.sealedTo;
      return checked ? by.trusted && isSealed : !by.signed || isSealed;
    })
    .sort((a, b) => a.first - b.first || b.last - a.last)
    .filter(({ last }) => {
      if (last <= highest) return false;
      highest = last;
      return true;
    });
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
 *
 * @returns whether all of them were.
 */
export function sayMissing(
  { stream, first, last, hash, why, ...place }: MissingRange,
  expired: readonly ExpiredStatement[],
  findings: FindingList,
): boolean {
  // The oldest go first, and what was said of them has expired since: only from there on must it be without a gap.
  const known = expired[0]?.first ?? 1;
  let next = first === 1 && known <= last ? known : first;
  let latest: ExpiredStatement | undefined;
  for (let index = firstBehind(expired, next); index < expired.length; index += 1) {
    const range = expired[index] as ExpiredStatement;
    if (range.first > next || next > last) break;
    // Of records that are there it would say that they are gone.
    if (hash !== "" && range.last > last) break;
    latest = range;
    next = Math.min(range.last, last) + 1;
  }
  if (latest !== undefined) {
    const said = `as stream ${latest.by.id} says in record ${latest.at}`;
    const message = `${recordsOf(first, next - 1)} were deleted because they were old, ${said}`;
    findings.add("expired_records", { ...place, stream, first, last: next - 1, message });
    if (hash !== "" && latest.last === last && latest.hash !== hash) {
      const text = `record ${last + 1} does not follow on record ${last} as it was when it was deleted, ${said}`;
      findings.blame("expired_mismatch", stream, last + 1, { ...place, message: text });
    }
  }
  if (next > last) return true;
  const message = `${recordsOf(next, last)} ${next === last ? "is" : "are"} missing${why}`;
  findings.add("missing_records", { ...place, stream, first: next, last, message });
  return false;
}

/** The first range that ends at a number or behind it. */
function firstBehind(ranges: readonly ExpiredStatement[], number: number): number {
  let low = 0;
  let high = ranges.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ranges[middle] as ExpiredStatement).last < number) low = middle + 1;
    else high = middle;
  }
  return low;
}

export function recordsOf(first: number, last: number): string {
  return first === last ? `record ${first}` : `records ${first} to ${last}`;
}
