import { hash, type KeyObject } from "node:crypto";
import type { LogFileFacts } from "../log-files/read-log-file.js";
import { faultText } from "./fault-text.js";
import { FileNotes } from "./file-notes.js";
import { FindingList } from "./findings/finding-list.js";
import { LogLimitError } from "./findings/log-limit-error.js";
import { LineReader } from "./lines/read-line.js";
import {
  isIrregular,
  type LinePlace,
  type RecordLine,
  type SinkRecordLine,
} from "./lines/record-line.js";
import { endOfTorn } from "./lines/torn-line.js";
import type { Anchors } from "./seals/anchors.js";
import { isEpochCertified } from "./seals/certificates.js";
import { readStatements, type Statements } from "./seals/statements.js";
import type { Run } from "./streams/run.js";
import { SinkRecordIndex } from "./streams/sink-record-index.js";
import {
  type ExpiredStatement,
  type PreviousStatement,
  StreamState,
} from "./streams/stream-state.js";

/** More are not held: each costs some memory, and a service that starts every minute makes 45,000 in a month. */
const MAX_STREAMS = 100_000;
/** Places where the lines of a stream do not follow on each other, of all streams. */
const MAX_BREAKS = 100_000;
const MAX_CERTIFICATES = 16;
/** Of statements about one stream: one for each of its files. */
const MAX_STATEMENTS = 10_000;

/**
 * Takes the lines of a log in, in any order of the files, and remembers what is needed to judge it: for each stream its
 * pieces without a gap, and not its records.
 */
export class LogVerifier {
  readonly findings: FindingList;
  readonly anchors: Anchors;
  readonly streams = new Map<string, StreamState>();
  /** What streams say of others, whether there is something of those or not; by the stream that is spoken of. */
  readonly previous = new Map<string, PreviousStatement[]>();
  readonly expired = new Map<string, ExpiredStatement[]>();
  readonly sinkRecords = new SinkRecordIndex();
  readonly files: readonly string[];
  readonly notes: FileNotes;
  /** Lines that are records, of all streams. */
  records = 0;
  readonly #keys: readonly KeyObject[];
  readonly #reader = new LineReader();
  #breaks = 0;
  /** Of the line that was read last: lines of one stream follow each other. */
  #stream: StreamState | undefined;

  /** @param keys - Long-term keys; certificates of others are none. */
  constructor(
    files: readonly string[],
    anchors: Anchors,
    maxFindings: number,
    keys: readonly KeyObject[],
  ) {
    this.#keys = keys;
    this.files = files;
    this.anchors = anchors;
    this.findings = new FindingList(maxFindings);
    this.notes = new FileNotes(files, this.findings);
  }

  /**
   * Takes one line.
   *
   * @param bytes - Without the line end.
   * @throws LogLimitError when there are more streams, or more pieces of streams, than can be held.
   */
  line(bytes: Buffer, file: number, line: number, ended: boolean): void {
    const read = this.#reader.read(bytes);
    const torn = isIrregular(read) ? endOfTorn(bytes, this.#reader.scan) : 0;
    if (torn > 0) {
      this.notes.torn(file, line);
      if (torn < bytes.length) this.line(bytes.subarray(torn), file, line, ended);
    } else if ("other" in read) {
      this.notes.other(read, bytes, file, line, ended);
      if (read.other === "unchained") this.#sinkRecord(read, bytes, { file, line });
    } else this.#record(bytes, read, { file, line });
  }

  longLine(file: number, line: number, bytes: number): void {
    this.notes.longLine(file, line, bytes);
  }

  endFile(file: number, facts: LogFileFacts): void {
    this.notes.end(file, facts);
  }

  #record(bytes: Buffer, line: RecordLine, place: LinePlace): void {
    const read = line.fault === undefined ? line : this.#likeliest(line);
    this.records += 1;
    this.notes.record(read.number === 1);
    const stream = this.#streamOf(read, place);
    stream.records += 1;
    const { runs } = stream;
    const before = runs.runs.size;
    if (read.chained !== stream.chained) this.#mixed(stream, read, place);
    const digest = stream.chained ? hash("sha256", bytes, "base64url") : "";
    const record = read.fault === undefined ? read : this.#faulty(stream, read, place);
    if (runs.take(record, digest, place)) {
      this.#repeated(stream, read, place);
      return;
    }
    if (before > 0 && runs.runs.size > before) {
      this.#breaks += 1;
      if (this.#breaks > MAX_BREAKS) this.#giveUp(place);
    }
    const { current } = runs;
    if (current === undefined) return;
    if (read.special) this.#special(stream, current, bytes, read, digest, place);
    if (read.closes && current.ended === 0) current.ended = read.number;
    if (runs.settle()) this.#breaks -= 1;
  }

  #sinkRecord({ stream, position, number }: SinkRecordLine, bytes: Buffer, place: LinePlace): void {
    this.sinkRecords.find(stream, {
      ...place,
      position,
      number,
      hash: hash("sha256", bytes, "base64url"),
    });
  }

  #streamOf({ stream: id, chained }: RecordLine, place: LinePlace): StreamState {
    if (this.#stream?.id === id) return this.#stream;
    let stream = this.streams.get(id);
    if (stream === undefined) {
      if (this.streams.size >= MAX_STREAMS) {
        const most = MAX_STREAMS.toLocaleString("en-US");
        throw new LogLimitError(`there are more than ${most} streams: verify fewer files at once`);
      }
      stream = new StreamState(id, place, this.findings, this.anchors.of(id));
      stream.chained = chained;
      this.streams.set(id, stream);
    }
    this.#stream = stream;
    return stream;
  }

  /** Of a record that names two places, the one where it fits, or the one whose stream is known. */
  #likeliest(line: RecordLine): RecordLine {
    const { elsewhere, previous } = line;
    if (elsewhere === undefined) return line;
    const other = { ...line, ...elsewhere };
    const fits = ({ stream, number }: RecordLine): boolean =>
      previous === ""
        ? number === 1
        : this.streams.get(stream)?.runs.current?.lastHash === previous;
    if (fits(line)) return line;
    return fits(other) || this.streams.has(other.stream) ? other : line;
  }

  /** What is wrong with the line itself. Its place in the stream is where it fits best. */
  #faulty(stream: StreamState, read: RecordLine, place: LinePlace): RecordLine {
    const { fault, number } = read;
    if (fault === undefined) return read;
    const facts = this.#factsAt(place);
    if (fault === "schema") {
      const message = `record ${number} says that it was written in a version of the format that this verifier does not know`;
      const numbers = { first: number, last: number };
      this.findings.add("unknown_schema", { ...facts, stream: stream.id, ...numbers, message });
      return read;
    }
    const { current } = stream.runs;
    const next =
      current !== undefined && read.previous !== "" && current.lastHash === read.previous
        ? current.last + 1
        : number;
    const kind = fault === "record_id" ? "misplaced_record" : "irregular_record";
    this.findings.blame(kind, stream.id, next, { ...facts, message: faultText(fault, next) });
    return { ...read, number: next };
  }

  /** Records with and without a chain in one stream. */
  #mixed(stream: StreamState, read: RecordLine, place: LinePlace): void {
    const { number } = read;
    const message = `record ${number} is ${read.chained ? "" : "not "}chained, unlike others of its stream`;
    this.findings.blame("unchained_record", stream.id, number, {
      ...this.#factsAt(place),
      message,
    });
  }

  #repeated(stream: StreamState, { number }: RecordLine, place: LinePlace): void {
    const { current } = stream.runs;
    const copied = current !== undefined && current.lastFile !== place.file;
    this.findings.add(copied ? "copied_records" : "duplicate_records", {
      ...this.#factsAt(place),
      stream: stream.id,
      first: number,
      last: number,
      message: copied
        ? `record ${number} stands in another file as well, and is the same there`
        : `record ${number} stands there twice, directly one after the other`,
    });
  }

  #special(
    stream: StreamState,
    run: Run,
    bytes: Buffer,
    { number, fault }: RecordLine,
    digest: string,
    place: LinePlace,
  ): void {
    // What is said in a text that may mean two things is not heard.
    if (fault !== undefined && fault !== "schema") return;
    const said = readStatements(bytes, number, this.#reader.scan.members);
    const facts = this.#factsAt(place);
    if (number === 1) {
      run.seals.begin(said.publicKey);
      stream.publicKey ??= said.publicKey;
    }
    this.#seal(stream, run, said, digest, number, facts);
    const { certificate, publicKey, epochCertificate } = said;
    if (epochCertificate !== undefined && isEpochCertified(this.#keys, stream.id, epochCertificate))
      run.seals.certify(epochCertificate, { stream: stream.id, number, ...facts }, this.findings);
    if (certificate !== undefined && stream.certificates.length < MAX_CERTIFICATES) {
      const key = publicKey ?? stream.publicKey ?? "";
      stream.certificates.push({ publicKey: key, signature: certificate });
    }
    for (const named of said.sinkRecords) this.sinkRecords.name(stream.id, named);
    if (said.end && run.ended === 0) run.ended = number;
    if (said.previous !== undefined) {
      const fits = this.#isLastOf(said.previous);
      push(this.previous, { ...said.previous, by: stream, at: number, ...facts, fits });
    }
    for (const range of said.expired) push(this.expired, { ...range, by: stream, at: number });
  }

  #seal(
    stream: StreamState,
    run: Run,
    { checkpoint }: Statements,
    digest: string,
    number: number,
    facts: { readonly file: string; readonly line: number },
  ): void {
    const anchor = stream.anchors?.get(number);
    const fits = anchor === undefined ? undefined : anchor.hash === digest;
    if (fits !== undefined) stream.anchored.set(number, fits);
    if (checkpoint === undefined) return;
    stream.checkpoints += 1;
    if (checkpoint === "broken") {
      const message = `checkpoint ${number} has no readable epoch, key or signature`;
      this.findings.blame("bad_checkpoint", stream.id, number, { ...facts, message });
      return;
    }
    if (checkpoint.records !== number - 1) {
      const message = `checkpoint ${number} counts ${checkpoint.records} ${checkpoint.records === 1 ? "record" : "records"} in front of it`;
      this.findings.blame("bad_checkpoint", stream.id, number, { ...facts, message });
    }
    run.seals.add(checkpoint, { stream: stream.id, ...facts }, this.findings);
    if (fits === true) run.seals.vouch(checkpoint);
  }

  /** Whether it is what was read of that stream so far: `undefined` when that cannot be told yet. */
  #isLastOf({ stream, number, hash: expected }: { stream: string; number: number; hash: string }) {
    const current = this.streams.get(stream)?.runs.current;
    if (current === undefined || current.last !== number) return undefined;
    return current.lastHash === expected;
  }

  #factsAt({ file, line }: LinePlace): { readonly file: string; readonly line: number } {
    return { file: this.files[file] ?? "", line };
  }

  #giveUp(place: LinePlace): never {
    const most = MAX_BREAKS.toLocaleString("en-US");
    const message = `the records do not follow on each other in more than ${most} places: they were changed, or are in no order at all`;
    this.findings.add("too_many_breaks", { ...this.#factsAt(place), message });
    throw new LogLimitError(message);
  }
}

function push<Statement extends { readonly stream: string }>(
  all: Map<string, Statement[]>,
  statement: Statement,
): void {
  const known = all.get(statement.stream);
  if (known === undefined) all.set(statement.stream, [statement]);
  else if (known.length < MAX_STATEMENTS) known.push(statement);
}
