import type { FindingList } from "../findings/finding-list.js";
import type { Layout } from "../streams/lay-out.js";
import type { SinkRecord, SinkRecordIndex, SinkRecordsOf } from "../streams/sink-record-index.js";
import type { StreamState } from "../streams/stream-state.js";

/** A stream whose pieces are in order. */
interface LaidOut {
  readonly stream: StreamState;
  readonly layout: Layout;
}

/** How much of a stream is there. */
interface Extent {
  /** It has no gap: no checkpoint behind its first record is missing. */
  readonly isWhole: boolean;
  /** Nor has its beginning expired. */
  readonly begins: boolean;
  readonly closed: boolean;
}

/** Says something about a record, or about one that is not there. */
type Say = (kind: Parameters<FindingList["add"]>[0], message: string, record?: SinkRecord) => void;

/** A record that no checkpoint names, though that may have a good reason. */
interface Loose {
  readonly stream: string;
  readonly record: SinkRecord;
  readonly kind: "unsealed_sink_record" | "missing_stream";
  readonly message: string;
}

/** What remains to be said when all streams were looked at. */
interface Remains {
  /** Numbers that are missing in streams that have no gap. */
  readonly missing: Set<number>;
  readonly loose: Loose[];
}

/**
 * Says which of the records about the losses and the files of one sink are not what they were. They have no place in the
 * chain: the checkpoint behind one names its hash.
 */
export function judgeSinkRecords(
  streams: readonly LaidOut[],
  { byStream }: SinkRecordIndex,
  files: readonly string[],
  findings: FindingList,
): void {
  const remains: Remains = { missing: new Set(), loose: [] };
  function speakOf(stream: string): Say {
    return (kind, message, record) => {
      const place = record && { file: files[record.file] ?? "", line: record.line };
      findings.add(kind, { ...place, stream, message });
    };
  }
  const unknown = new Map(byStream);
  for (const { stream, layout } of streams) {
    const bySink = unknown.get(stream.id);
    unknown.delete(stream.id);
    if (bySink === undefined || stream.checkpoints === 0) continue;
    const isWhole = layout.main.length === 1;
    const begins = isWhole && layout.main[0]?.first === 1;
    const extent = { isWhole, begins, closed: stream.closed };
    for (const [position, records] of bySink) {
      // Where nothing of it is there, the files of another sink were given.
      if (records.found.length > 0)
        judgeSink(stream.id, position, records, extent, speakOf(stream.id), remains);
    }
  }
  for (const [stream, bySink] of unknown) {
    const [record] = [...bySink.values()].flatMap(({ found }) => found.slice(0, 1));
    if (record === undefined) continue;
    const message = "a record about a sink is of this stream, and nothing else of it is there";
    remains.loose.push({ stream, record, kind: "missing_stream", message });
  }
  for (const { stream, record, kind, message } of remains.loose) {
    const say = speakOf(stream);
    if (remains.missing.has(record.number)) {
      const name = nameOf(record.position, record.number);
      const text = `no checkpoint names ${name}, and another one with this number is missing: its id was changed`;
      say("misplaced_record", text, record);
    } else say(kind, message, record);
  }
}

function judgeSink(
  stream: string,
  position: number,
  { found, named }: SinkRecordsOf,
  { isWhole, begins, closed }: Extent,
  say: Say,
  remains: Remains,
): void {
  const seen = new Map<number, SinkRecord>();
  const unnamed: SinkRecord[] = [];
  for (const record of found) {
    const { number, hash } = record;
    const name = nameOf(position, number);
    const other = seen.get(number);
    if (other?.hash === hash) {
      // The same in another file is a copy of it.
      if (other.file === record.file)
        say("duplicate_records", `${name} stands there twice`, record);
      continue;
    }
    seen.set(number, record);
    const expected = named.get(number);
    if (other !== undefined)
      say("conflicting_records", `there are two of ${name}, and they are not the same`, record);
    else if (expected === undefined) unnamed.push(record);
    else if (expected !== hash)
      say(
        "changed_record",
        `${name} is not the one that a checkpoint names: it was changed`,
        record,
      );
  }
  let from = begins ? 1 : Number.POSITIVE_INFINITY;
  for (const number of seen.keys()) from = Math.min(from, number);
  let last = 0;
  let isComplete = true;
  for (const number of named.keys()) {
    last = Math.max(last, number);
    if (number < from || seen.has(number)) continue;
    isComplete = false;
    if (isWhole) remains.missing.add(number);
    const name = nameOf(position, number);
    say("missing_records", `${name} is missing, though a checkpoint names it`);
  }
  // Numbers have no gap: what was written behind the last checkpoint goes on behind what checkpoints name. A record of losses
  // may be written behind ones with higher numbers: where the process was killed, no checkpoint may have named it yet.
  let next = last + 1;
  for (const record of unnamed.sort((a, b) => a.number - b.number)) {
    const { number } = record;
    const name = nameOf(position, number);
    const isForeign = number <= last ? isWhole : begins && (number !== next || !isComplete);
    next = number + 1;
    if (isForeign && closed) {
      say("changed_record", `no checkpoint names ${name}: it was changed, or put in`, record);
    } else if (isForeign || (closed && number > last)) {
      const message = `no checkpoint names ${name}: it was written behind the last one, or put in`;
      remains.loose.push({ stream, record, kind: "unsealed_sink_record", message });
    }
  }
}

function nameOf(position: number, number: number): string {
  return `record ${position}-${number} about a sink`;
}
