/** The way of records into one sink. Nothing that happens in a lane reaches the request or another lane. */
export interface Lane {
  /** Whether it is known when the turn of the event loop has ended, or before, that a record is written or lost. */
  readonly direct: boolean;
  /** The sink, for messages: its factory or its class. */
  readonly label: string;
  /** Records, or lines, that were taken but are not known to be written. */
  readonly pending: number;
  /** The number of the oldest of these records, or one below it; `undefined` without any. */
  readonly oldest: number | undefined;
  /** Records lost since the start. */
  readonly lost: number;
  /** Whether the sink lacks records that it was not told about. */
  readonly owing: boolean;
  /** Whether the last attempt to write failed. */
  readonly failing: boolean;
  /** Whether the sink has records and has not answered for too long. */
  readonly stalled: boolean;
  /**
   * Writes one record. Never throws: a failure is counted and reported.
   *
   * @param number - Of the record among those of the log, from 1.
   */
  write(line: string, number: number): void;
  /** Writes what the lane still owes the sink: the record of losses, and what waits for the end of the turn. */
  settle(): void;
  /** Counts and reports a record as lost without writing anything: the log is closing. */
  refuse(): void;
  /** Closes the sink. */
  close(): void | Promise<void>;
}

/** Records that one sink lost, and was not told about yet. */
export interface Losses {
  readonly count: number;
  /** When the first of them was lost, in milliseconds since 1970. */
  readonly since: number;
  /** The number of the first of them. */
  readonly first: number;
  /** The number of the last of them. Between the two may be records that the sink has. */
  readonly last: number;
}

/** What a lane needs from the audit log. */
export interface LaneContext {
  readonly position: number;
  /** How long a transport may hold records without an answer until it counts as stalled, in milliseconds. */
  readonly stallAfter: number;
  /** Reports a failure to the operators. */
  report(sink: string, position: number, error: unknown, lost: number): void;
  /** Says that a sink does not answer any more, or does again. */
  reportStall(sink: string, position: number, stalled: boolean, lost: number): void;
  /** The record that tells a sink which records it lacks. */
  lossRecord(sink: string, losses: Losses): string;
  /** The record of losses that was made last is in the sink. */
  lossTold(): void;
}

/** Why a record is lost that is made when the log is closing or closed. */
export function closedError(): Error {
  return Object.assign(new Error("the audit log is closed"), { code: "EPIPE" });
}
