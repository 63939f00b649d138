/** The way of records into one sink. Nothing that happens in a lane reaches the request or another lane. */
export interface Lane {
  /** Whether it is known when the turn of the event loop has ended, or before, that a record is written or lost. */
  readonly direct: boolean;
  /** Records, or lines, that were taken but are not known to be written. */
  readonly pending: number;
  /** Records lost since the start. */
  readonly lost: number;
  /** Whether the last attempt to write failed. */
  readonly failing: boolean;
  /** Writes one record. Never throws: a failure is counted and reported. */
  write(line: string): void;
  /** Writes what the lane still owes the sink: the record of losses, and what waits for the end of the turn. */
  settle(): void;
  /** Counts and reports a record as lost without writing anything: the log is closing. */
  refuse(): void;
  /** Closes the sink. */
  close(): void | Promise<void>;
}

/** What a lane needs from the audit log. */
export interface LaneContext {
  readonly position: number;
  /** Reports a failure to the operators. */
  report(sink: string, position: number, error: unknown, lost: number): void;
  /** The record that tells a sink how many records it lacks; the sink's own count of such records is its number. */
  lossRecord(sink: string, count: number, since: number, number: number): string;
  /** The record of losses that was made last is in the sink. */
  lossTold?(): void;
}

/** Why a record is lost that is made when the log is closing or closed. */
export function closedError(): Error {
  return Object.assign(new Error("the audit log is closed"), { code: "EPIPE" });
}
