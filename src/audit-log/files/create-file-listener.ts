import { basename } from "node:path";
import type { RecordNumbers } from "../facts/record-numbers.js";
import type { SystemRecord } from "../record/system-record.js";
import type { ExpiredSegment } from "../segments/segment-keeper.js";
import type { FileBeginning, FileListener } from "./file-listener.js";
import { readLastRecord } from "./last-record.js";

/**
 * Writes one record about the log itself to all of its sinks.
 *
 * @returns `false` when the log is closing, and has written its last record.
 */
type SayOfFile = (
  event: "log_expired" | "sys_monitor_enabled",
  fields: Parameters<SystemRecord>[2],
) => boolean;

/** The log of a file sink. */
export interface FileLog {
  readonly systemRecord: SystemRecord;
  readonly numbers: RecordNumbers;
  readonly say: SayOfFile;
  /** A file was closed, and another one is written to. Called in a turn of its own. */
  readonly rotated: () => void;
}

/** The sink that has the file. */
export interface FileSinkPlace {
  /** In the option `sinks`, from 0. */
  readonly position: number;
  readonly label: string;
  /** The id of the next record that only this sink gets. */
  nextId(): string;
  /** That record is written. @param line - Without its line end. */
  taken(line: string): void;
  /** Reports a failure that loses no record. */
  report(error: unknown): void;
}

/** Of more streams, a file has more than one record. */
const STREAMS_PER_RECORD = 50;

/** Makes what puts into the log what becomes of the file of one of its sinks. */
export function createFileListener(
  { systemRecord, numbers, say, rotated }: FileLog,
  { label, nextId, taken, report }: FileSinkPlace,
): FileListener {
  let line = "";
  return {
    beginning({ reason, segment }: FileBeginning) {
      const last = readLastRecord(segment, numbers.stream);
      line = systemRecord(nextId(), "log_segment", {
        "audit.reason": reason,
        ...(segment === undefined ? {} : { "audit.segment.previous": basename(segment) }),
        ...(last === undefined
          ? {}
          : { "audit.segment.hash": last.hash, "audit.segment.number": last.number }),
        // What happens every night needs nobody's attention; that somebody took the file away does.
        "audit.severity": reason === "rotated" ? "INFO" : "WARN",
        "audit.sink.name": label,
      });
      return line;
    },
    begun: () => taken(line),
    replaced(reason) {
      if (reason !== "rotated")
        say("sys_monitor_enabled", { "audit.reason": reason, "audit.sink.name": label });
      rotated();
    },
    expired({ file, streams }: ExpiredSegment) {
      const texts = streams.map(
        ({ stream, first, last, hash }) => `${stream} ${first}-${last} ${hash}`,
      );
      let said = true;
      for (let index = 0; index === 0 || index < texts.length; index += STREAMS_PER_RECORD)
        said &&= say("log_expired", {
          "audit.expired.file": file,
          "audit.expired.streams": texts.slice(index, index + STREAMS_PER_RECORD),
        });
      return said;
    },
    trouble: report,
  };
}
