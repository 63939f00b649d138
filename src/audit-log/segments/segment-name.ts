import { randomBytes } from "node:crypto";
import { parse } from "node:path";

/** How the closed segments of one log file are named: `audit.20261126T235323123Z.9f3c01ab.jsonl` of `audit.jsonl`. */
export interface SegmentNames {
  /** A name for the segment that is closed now; those of one log file are in order, whatever the clock does. */
  next(now: number): string;
  /** @returns What a name says, or `undefined` when it is none of this log file. */
  parse(file: string): SegmentName | undefined;
}

/** What the name of a segment says. */
interface SegmentName {
  /** The name without `.gz`. */
  readonly segment: string;
  /** When it was closed, in milliseconds of the Unix epoch. */
  readonly closedAt: number;
  readonly kind: "plain" | "gzip" | "temporary";
}

const STAMP = /^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})(\d{3})Z$/;

/**
 * Makes the names of the segments of a log file. They stand in its directory, and no other file is taken for one.
 *
 * @param path - Of the log file.
 */
export function createSegmentNames(path: string): SegmentNames {
  const { name, ext } = parse(path);
  const form = new RegExp(
    `^(${literal(name)}\\.(\\d{8}T\\d{9}Z)\\.[0-9a-f]{8}${literal(ext)})(\\.gz(\\.[0-9a-f]{8}\\.tmp)?)?$`,
  );
  let last = 0;

  return {
    next(now) {
      last = Math.max(now, last + 1);
      const stamp = new Date(last).toISOString().replace(/[-:.]/g, "");
      // Several processes may close a segment in the same millisecond.
      return `${name}.${stamp}.${randomBytes(4).toString("hex")}${ext}`;
    },
    parse(file) {
      const match = form.exec(file);
      const closedAt = timeOf(match?.[2] ?? "");
      if (match === null || closedAt === undefined) return undefined;
      const kind = match[3] === undefined ? "plain" : match[4] === undefined ? "gzip" : "temporary";
      return { segment: match[1] ?? "", closedAt, kind };
    },
  };
}

/** The name under which a segment is compressed, until that is complete. */
export function temporaryName(segment: string): string {
  return `${segment}.gz.${randomBytes(4).toString("hex")}.tmp`;
}

function timeOf(stamp: string): number | undefined {
  const iso = stamp.replace(STAMP, "$1-$2-$3T$4:$5:$6.$7Z");
  const time = Date.parse(iso);
  return Number.isNaN(time) ? undefined : time;
}

function literal(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}
