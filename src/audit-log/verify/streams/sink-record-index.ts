import { LogLimitError } from "../findings/log-limit-error.js";
import type { LinePlace } from "../lines/record-line.js";
import type { SinkRecordStatement } from "../seals/statements.js";

/** A record that only one sink got, as it stands in a file. */
export interface SinkRecord extends SinkRecordStatement, LinePlace {}

/** The records of one stream that only one sink got. */
export interface SinkRecordsOf {
  /** In the order in which they were read. */
  readonly found: SinkRecord[];
  /** The hashes that checkpoints name, by number. */
  readonly named: Map<number, string>;
}

/** Of all streams, with what checkpoints say of them: a file begins with one, and one ends a time of losses. */
const MAX_HELD = 1_000_000;

/** The records about the losses and the files of one sink, which have no place in the chain that all sinks share. */
export class SinkRecordIndex {
  /** By stream, and then by the position of the sink. */
  readonly byStream = new Map<string, Map<number, SinkRecordsOf>>();
  #held = 0;

  /** @throws LogLimitError when there are more than can be held. */
  find(stream: string, record: SinkRecord): void {
    this.#of(stream, record.position).found.push(record);
  }

  /** @throws LogLimitError when there are more than can be held. */
  name(stream: string, { position, number, hash }: SinkRecordStatement): void {
    this.#of(stream, position).named.set(number, hash);
  }

  #of(stream: string, position: number): SinkRecordsOf {
    this.#held += 1;
    if (this.#held > MAX_HELD) {
      const most = MAX_HELD.toLocaleString("en-US");
      throw new LogLimitError(
        `there are more than ${most} records about losses and files: verify fewer files at once`,
      );
    }
    const bySink = this.byStream.get(stream) ?? new Map<number, SinkRecordsOf>();
    this.byStream.set(stream, bySink);
    const of = bySink.get(position) ?? { found: [], named: new Map<number, string>() };
    bySink.set(position, of);
    return of;
  }
}
