import type { SystemFields } from "../record/system-record.js";

/** What makes a stream more than a list of records. */
export interface Seals {
  /** Members of the first record of the stream. */
  readonly firstFields: SystemFields;
  /** Says that the first record is written. */
  begin(): void;
  /** Says that a sink writes to another file, which may be all that is left of the stream one day. */
  rotated(): void;
  /** Seals what was written so far, when the turn of the event loop ends. */
  sealSoon(): void;
  /** Before the end: settles when what the last records wait for is there; `undefined` when they wait for nothing. */
  readonly ready: Promise<void> | undefined;
  /** Writes the last records of the stream. @param fields - Of the record that says that the log ends. */
  end(fields: SystemFields): void;
  /** Behind the end: settles when everybody outside was told. */
  told(): Promise<void>;
}
