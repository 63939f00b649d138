import { hash } from "node:crypto";
import type { RecordNumbers } from "../facts/record-numbers.js";
import type { Column } from "../record/record-table.js";
import type { Numbered } from "../record/source-columns.js";

/** Makes the line of one record, given the id that it must have. Must not throw. */
export type MakeRecord = (recordId: string) => string;

/** Is told the hash of a record's line, once all sinks have been handed it. */
export type AfterRecord = (hash: string) => void;

/** Where the lines of a stream go. */
export interface LineSink {
  /** Hands a line to every sink. */
  write(line: string): void;
  /** Counts a record that is not made any more, because the stream has ended. */
  refuse(): void;
}

/**
 * The records of one audit log, in the order of their numbers: each names the hash of the one before it.
 *
 * A record is numbered, made, hashed and handed to the sinks in one go. Making one can run functions of the app (of
 * `trust proxy`, getters), and handing it over those of transports and subscribers: a record that they cause while one
 * is made comes right behind that one, because nobody knows its hash before.
 */
export class RecordStream {
  readonly #numbers: RecordNumbers;
  readonly #sink: LineSink;
  readonly #isChained: boolean;
  readonly #waiting: { readonly make: MakeRecord; readonly after: AfterRecord | undefined }[] = [];
  /** Writes the first record. */
  #begin: (() => void) | undefined;
  #ended = false;
  #making = false;
  /** Of the record that is made. */
  #recordId = "";
  #previousHash: string | undefined;
  #dueAt = Number.POSITIVE_INFINITY;
  #onDue: () => void = () => undefined;

  constructor(numbers: RecordNumbers, isChained: boolean, sink: LineSink) {
    this.#numbers = numbers;
    this.#isChained = isChained;
    this.#sink = sink;
  }

  /** The members that make records a chain. A record that is not one of the stream has none of them. */
  get columns(): readonly Column<Numbered>[] {
    if (!this.#isChained) return [];
    const isOurs = ({ recordId }: Numbered): boolean => recordId === this.#recordId;
    const numbers = this.#numbers;
    return [
      {
        name: "audit.sequence.number",
        read: (facts) => (isOurs(facts) ? numbers.last : undefined),
        whole: true,
      },
      {
        name: "audit.sequence.previous_hash",
        read: (facts) => (isOurs(facts) ? this.#previousHash : undefined),
        quoted: true,
      },
      {
        name: "audit.sequence.stream_id",
        read: (facts) => (isOurs(facts) ? numbers.stream : undefined),
        quoted: true,
      },
    ];
  }

  /** @param begin - Writes the first record, when something else would be the first one. */
  beginWith(begin: () => void): void {
    if (this.#numbers.last === 0) this.#begin = begin;
  }

  /** Makes the next record and hands it to the sinks. */
  write(make: MakeRecord, after?: AfterRecord): void {
    if (this.#ended) {
      this.#sink.refuse();
    } else if (this.#making) {
      this.#waiting.push({ make, after });
    } else {
      const begin = this.#begin;
      this.#begin = undefined;
      begin?.();
      this.#issue(make, after);
    }
  }

  /** Writes the last records, one right behind the other. Whatever comes later, or from inside of them, is refused. */
  end(records: readonly { readonly make: MakeRecord; readonly after?: AfterRecord }[]): void {
    this.#ended = true;
    for (const { make, after } of records) {
      if (this.#making) this.#waiting.push({ make, after });
      else this.#issue(make, after);
    }
  }

  /** Calls back, once, when the record with this number, or a later one, has been handed to the sinks. */
  remindAt(number: number, onDue: () => void): void {
    this.#dueAt = number;
    this.#onDue = onDue;
  }

  #issue(make: MakeRecord, after: AfterRecord | undefined): void {
    this.#send(make, after);
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift())
      this.#send(next.make, next.after);
  }

  #send(make: MakeRecord, after: AfterRecord | undefined): void {
    const line = this.#lineOf(make);
    const digest = this.#isChained ? hashLine(line) : "";
    this.#previousHash = digest;
    this.#sink.write(line);
    after?.(digest);
    if (this.#numbers.last >= this.#dueAt) {
      this.#dueAt = Number.POSITIVE_INFINITY;
      this.#onDue();
    }
  }

  #lineOf(make: MakeRecord): string {
    this.#making = true;
    this.#recordId = this.#numbers.next();
    try {
      return make(this.#recordId);
    } catch (error) {
      this.#numbers.takeBack();
      throw error;
    } finally {
      this.#making = false;
      this.#recordId = "";
    }
  }
}

/** SHA-256 of the line as it stands in a file, without its line end, as base64url without padding. */
function hashLine(line: string): string {
  return hash("sha256", line, "base64url");
}
