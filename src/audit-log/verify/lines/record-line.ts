import type { Irregularity } from "./canonical-scan.js";

/** Where a line stands. */
export interface LinePlace {
  /** Index of the file, as the files were named. */
  readonly file: number;
  /** From 1. */
  readonly line: number;
}

/** What is wrong with the text of a record, whatever the chain says. */
export type LineFault = Irregularity | "members" | "record_id" | "schema";

/** A record that has a place in a stream. */
export interface RecordLine {
  readonly stream: string;
  readonly number: number;
  /** Hash of the line in front of it, as this line says; `""` in number 1, and in records without a chain. */
  readonly previous: string;
  readonly chained: boolean;
  readonly fault: LineFault | undefined;
  /** Where else it may belong, when it contradicts itself. */
  readonly elsewhere?: { readonly stream: string; readonly number: number };
  /** Whether it says that the log was closed, which counts where nothing is chained. */
  readonly closes: boolean;
  /** Whether it has members beyond those that every record of the chain has. */
  readonly special: boolean;
}

/** A record about the losses or the files of one sink, which is not in the chain. */
export interface SinkRecordLine {
  readonly other: "unchained";
  readonly stream: string;
  /** Of the sink. */
  readonly position: number;
  readonly number: number;
}

/** What a line is. */
export type LineKind =
  | RecordLine
  /** Nothing, or nothing of this log: another program writes to the same place. */
  | { readonly other: "blank" | "foreign" }
  | SinkRecordLine
  /** Of a record, but not enough to say of which. `cut`: the beginning of one, without its end. */
  | { readonly other: "unreadable"; readonly why: Irregularity | "members" };

/** Whether the text of a line is not as a log writes it. */
export function isIrregular(read: LineKind): boolean {
  return "other" in read
    ? read.other === "unreadable" || read.other === "foreign"
    : read.fault !== undefined;
}
