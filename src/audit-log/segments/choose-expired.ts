import type { ClosedSegment } from "./list-segments.js";

/** How many closed segments stay. What is left out is no bound. */
export interface RetentionRules {
  /** At most so many closed segments. */
  readonly files?: number | undefined;
  /** Milliseconds since a segment was closed. */
  readonly age?: number | undefined;
  /** Bytes on the disk, the open file included. */
  readonly size?: number | undefined;
}

/**
 * The segments that have to go, the oldest first: never one that is newer than one that stays.
 *
 * @param segments - The oldest first.
 * @param now - In milliseconds of the Unix epoch.
 * @param open - Bytes in the file that is written to.
 */
export function chooseExpired(
  segments: readonly ClosedSegment[],
  rules: RetentionRules,
  now: number,
  open: number,
): readonly ClosedSegment[] {
  const { files = Number.POSITIVE_INFINITY, size = Number.POSITIVE_INFINITY, age } = rules;
  let kept = 0;
  let bytes = open;
  for (let index = segments.length - 1; index >= 0; index -= 1) {
    const segment = segments[index] as ClosedSegment;
    kept += 1;
    bytes += sizeOf(segment);
    const old = age !== undefined && now - closedAtOf(segment, now) > age;
    if (kept > files || bytes > size || old) return segments.slice(0, index + 1);
  }
  return [];
}

/** A name from the future was given while the clock was ahead: the file was last written to before that was noticed. */
function closedAtOf({ closedAt, plain, gzip }: ClosedSegment, now: number): number {
  const writtenAt = (plain ?? gzip)?.writtenAt;
  return closedAt > now && writtenAt !== undefined ? writtenAt : closedAt;
}

function sizeOf({ plain, gzip }: ClosedSegment): number {
  return (plain?.size ?? 0) + (gzip?.size ?? 0);
}
