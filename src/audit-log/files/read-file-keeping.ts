import type { Hints } from "../../core/options/option-types.js";
import type { OptionsReader } from "../../core/options/options-reader.js";
import type { RetentionRules } from "../segments/choose-expired.js";
import type { SyncRules } from "./disk-sync.js";
import type { RotationRules } from "./rotation-schedule.js";

/** When {@link FileSinkOptions.rotate} closes a file and begins a new one: whatever comes first. At least one is needed. */
export interface FileRotationOptions {
  /** A size such as `"100mb"`, from `"1kb"`: before the file would be larger. */
  readonly size?: string | undefined;
  /**
   * A duration such as `"1d"`, from `"1m"` to `"366d"`: with the first record of each interval. Intervals are counted in
   * UTC: `"1h"` and `"1d"` begin with the hour and the day there, `"7d"` on Thursdays.
   */
  readonly interval?: string | undefined;
}

/** Which closed files {@link FileSinkOptions.retention} deletes: all that break any of the rules. At least one is needed. */
export interface FileRetentionOptions {
  /** How many closed files stay at most. From 1. */
  readonly files?: number | undefined;
  /** A duration such as `"30d"`, from `"1m"`, since a file was closed. Its newest record is as old as that. */
  readonly age?: string | undefined;
  /** A size such as `"10gb"`: of all files together, the open one included. At least `rotate.size`. */
  readonly size?: string | undefined;
}

/** The options of a file sink beyond the path and the moment of its writes. */
export interface FileKeepingOptions {
  /**
   * Closes the file when it is large or old, and goes on in a new one. A closed file is called
   * `audit.20261126T235323123Z.9f3c01ab.jsonl`, after the time in UTC. Several processes or worker threads may share the
   * file: one rotates it, the others follow within a second. Left out, the file is never rotated.
   */
  readonly rotate?: FileRotationOptions | undefined;
  /**
   * Deletes closed files, the oldest first, and says each in a record `log_expired`. Needs `rotate`. Left out, none is
   * deleted.
   */
  readonly retention?: FileRetentionOptions | undefined;
  /** Compresses closed files in the background, some ten seconds after they were closed. Needs `rotate`. @default false */
  readonly gzip?: boolean | undefined;
  /**
   * When records are forced to the disk, which is what a power failure leaves.
   *
   * - `"never"`: when the operating system does so, usually within 30 seconds
   * - `"interval"`: at the latest `fsyncInterval` after they were written, in the background
   * - `"always"`: with each write, which waits for the disk, and the process with it
   * @default "never"
   */
  readonly fsync?: "never" | "interval" | "always" | undefined;
  /** With `fsync: "interval"`: a duration from `"10ms"` to `"1h"`. @default "1s" */
  readonly fsyncInterval?: string | undefined;
}

/** How a log file is kept. */
export interface FileKeeping {
  readonly rotation: RotationRules | undefined;
  readonly retention: RetentionRules | undefined;
  readonly gzip: boolean;
  readonly sync: SyncRules;
}

const UTC = "days and hours are those of UTC, and so are the names of closed files";
/** What winston, winston-daily-rotate-file, rotating-file-stream, pino-roll, Log4j and logrotate call it. */
export const FILE_KEEPING_HINTS: Hints<FileKeepingOptions> = {
  rotation: "rotate",
  interval: "rotate.interval",
  frequency: "rotate.interval",
  size: "rotate.size",
  maxSize: "rotate.size",
  maxsize: "rotate.size",
  maxFiles: "retention.files",
  keepDays: "retention.age",
  maxAge: "retention.age",
  maxTotalSize: "retention.size",
  compress: "write gzip: true",
  zippedArchive: "write gzip: true",
  utc: `leave it out, ${UTC}`,
  datePattern: `leave it out, ${UTC}`,
};
/** Inside of `rotate`. */
export const ROTATION_HINTS: Hints<FileRotationOptions> = {
  maxSize: "size",
  maxsize: "size",
  maxBytes: "size",
  frequency: "interval",
  maxFiles: "write retention: { files } beside rotate",
  daily: 'write interval: "1d"',
};
/** Inside of `retention`. */
export const RETENTION_HINTS: Hints<FileRetentionOptions> = {
  maxFiles: "files",
  count: "files",
  keepDays: "age",
  maxAge: "age",
  days: "age",
  maxSize: "size",
};

/** Reads the options; whether the file can be kept in that way is for the sink to check. */
export function readFileKeeping(reader: OptionsReader<keyof FileKeepingOptions>): FileKeeping {
  const rotation = readRotation(reader);
  const retention = readRetention(reader, rotation?.size);
  const gzip = reader.boolean("gzip");
  if (rotation === undefined && !reader.isUnset("rotate")) {
    const fix = "needs rotate: only closed files are touched";
    if (reader.has("retention")) reader.note("retention", fix);
    if (gzip) reader.note("gzip", fix);
  }
  const fsync = reader.oneOf("fsync", ["never", "interval", "always"], { default: "never" });
  const fsyncInterval = reader.duration("fsyncInterval", {
    min: "10ms",
    max: "1h",
    default: "1s",
  });
  if (reader.has("fsyncInterval") && fsync !== "interval")
    reader.note("fsyncInterval", 'needs fsync: "interval"');
  return Object.freeze({
    rotation,
    retention,
    gzip,
    sync: Object.freeze({ fsync, fsyncInterval }),
  });
}

function readRotation(reader: OptionsReader<"rotate">): RotationRules | undefined {
  const rotate = reader.object<FileRotationOptions>(
    "rotate",
    { size: "neverUndefined", interval: "neverUndefined" },
    ROTATION_HINTS,
    '{ size: "100mb" }',
  );
  if (rotate === undefined) return undefined;
  const size = rotate.size("size", { min: "1kb" });
  const interval = rotate.duration("interval", { min: "1m", max: "366d" });
  if (!rotate.has("size") && !rotate.has("interval"))
    rotate.note("", 'must have size or interval: write { size: "100mb", interval: "1d" }');
  return {
    size: rotate.has("size") ? size : undefined,
    interval: rotate.has("interval") ? interval : undefined,
  };
}

function readRetention(
  reader: OptionsReader<"retention">,
  rotateSize: number | undefined,
): RetentionRules | undefined {
  const retention = reader.object<FileRetentionOptions>(
    "retention",
    { files: "neverUndefined", age: "neverUndefined", size: "neverUndefined" },
    RETENTION_HINTS,
    '{ age: "30d" }',
  );
  if (retention === undefined) return undefined;
  const files = retention.integer("files", { min: 1, max: 100_000 });
  const age = retention.duration("age", { min: "1m" });
  const size = retention.size("size", { min: "1kb" });
  if (!retention.has("files") && !retention.has("age") && !retention.has("size"))
    retention.note("", 'must have files, age or size: write { age: "30d" }');
  if (retention.has("size") && rotateSize !== undefined && size < rotateSize)
    retention.note("size", "must not be less than rotate.size: no closed file could stay");
  return {
    files: retention.has("files") ? files : undefined,
    age: retention.has("age") ? age : undefined,
    size: retention.has("size") ? size : undefined,
  };
}
