import { NumberRanges, type RangeBudget } from "../counts/number-ranges.js";
import { textOf, wholeOf } from "../records/logged-members.js";
import type { LoggedRecord } from "../records/logged-record.js";

/** Whether the records are all there, as far as their own numbers tell. */
export interface StreamSummary {
  /** The newest ones, by their last record: the last one first. */
  readonly streams: readonly StreamRow[];
  /** How many streams there are. One is what one process wrote from its start to its end. */
  readonly count: number;
  /** Records whose streams found no room: more than 20,000 streams. They are in no other number here. */
  readonly beyond: number;
  /** Numbers that are missing between the first and the last one of a stream. */
  readonly missing: number;
  /** Numbers that stand there more than once. */
  readonly repeated: number;
  /** Streams that did not end with the record of their end: the process runs, or was killed. */
  readonly open: number;
  /** Records that the log itself counted as lost, for all sinks together. */
  readonly lost: number;
  /** Of these, records that could not be made: they are in no sink, and leave no gap. */
  readonly unmade: number;
  /** Successes that had no record on purpose. */
  readonly sampledOut: number;
  /** Names of services, as many as one can read. */
  readonly services: readonly string[];
}

/** What one process wrote. */
export interface StreamRow {
  readonly stream: string;
  readonly service: string;
  readonly firstNumber: number;
  readonly lastNumber: number;
  readonly records: number;
  readonly missing: number;
  readonly repeated: number;
  readonly lost: number;
  readonly sampledOut: number;
  readonly closed: boolean;
  readonly first: string;
  readonly last: string;
}

interface Stream {
  service: string;
  firstNumber: number;
  lastNumber: number;
  records: number;
  readonly numbers: NumberRanges;
  /** Of the records that are in one sink only, by its position. */
  readonly ofSinks: Map<string, NumberRanges>;
  /** What the records of losses tell, one by one. */
  dropped: number;
  unmade: number;
  /** What the log counted in all, as it said last. */
  lost: number;
  sampledOut: number;
  closed: boolean;
  from: number;
  to: number;
}

const MAX_STREAMS = 20_000;
/** Of numbers without a gap, in all streams. */
const MAX_RANGES = 100_000;
/** More than a log has. */
const MAX_SINKS = 100;
const MAX_SERVICES = 20;
/** Stands in place of the name of a sink. */
const NO_SINK = "record";
const RECORD_ID = /^([\w-]{1,64}?)(\.\d{1,6})?-(\d{1,15})$/;

/** Looks at the numbers of all records, whatever time is asked for: a gap has no time. */
export function createStreamSection() {
  const streams = new Map<string, Stream>();
  const budget: RangeBudget = { left: MAX_RANGES };
  let beyond = 0;

  function numbersOfSink(stream: Stream, position: string): NumberRanges | undefined {
    const known = stream.ofSinks.get(position);
    if (known !== undefined || stream.ofSinks.size >= MAX_SINKS) return known;
    const made = new NumberRanges(budget);
    stream.ofSinks.set(position, made);
    return made;
  }

  function streamOf(id: string): Stream | undefined {
    const known = streams.get(id);
    if (known !== undefined) return known;
    if (streams.size >= MAX_STREAMS) return undefined;
    const made = newStream(budget);
    streams.set(id, made);
    return made;
  }

  return {
    /** @returns Whether it is a new record: one that stands there twice is to be counted once. */
    add(record: LoggedRecord): boolean {
      const parts = RECORD_ID.exec(textOf(record.members, "audit.record.id") ?? "");
      const stream = parts === null ? undefined : streamOf(parts[1] ?? "");
      if (stream === undefined) {
        beyond += 1;
        return true;
      }
      stream.from = Math.min(stream.from, record.time);
      stream.to = Math.max(stream.to, record.time);
      // Records that tell one sink of its losses are a series of their own.
      const isNew =
        parts?.[2] === undefined
          ? countNumber(stream, Number(parts?.[3]))
          : (numbersOfSink(stream, parts[2])?.add(Number(parts[3])) ?? true);
      if (!isNew) return false;
      if (record.kind === "system") noteSystem(stream, record);
      stream.service = textOf(record.members, "service.name") ?? stream.service;
      return true;
    },
    result(most: number): StreamSummary {
      const rows = [...streams].map(([id, stream]) => rowOf(id, stream));
      const sum = (read: (row: StreamRow) => number) =>
        rows.reduce((total, row) => total + read(row), 0);
      return {
        streams: rows
          .sort((one, other) => (one.last === other.last ? 0 : one.last < other.last ? 1 : -1))
          .slice(0, most),
        count: rows.length,
        beyond,
        missing: sum(({ missing }) => missing),
        repeated: sum(({ repeated }) => repeated),
        open: sum(({ closed }) => (closed ? 0 : 1)),
        lost: sum(({ lost }) => lost),
        unmade: [...streams.values()].reduce((total, { unmade }) => total + unmade, 0),
        sampledOut: sum(({ sampledOut }) => sampledOut),
        services: [...new Set(rows.map(({ service }) => service))]
          .filter((name) => name !== "")
          .slice(0, MAX_SERVICES)
          .sort(),
      };
    },
  };
}

function newStream(budget: RangeBudget): Stream {
  return {
    service: "",
    firstNumber: Number.POSITIVE_INFINITY,
    lastNumber: 0,
    records: 0,
    numbers: new NumberRanges(budget),
    ofSinks: new Map(),
    dropped: 0,
    unmade: 0,
    lost: 0,
    sampledOut: 0,
    closed: false,
    from: Number.POSITIVE_INFINITY,
    to: Number.NEGATIVE_INFINITY,
  };
}

function countNumber(stream: Stream, number: number): boolean {
  stream.records += 1;
  stream.firstNumber = Math.min(stream.firstNumber, number);
  stream.lastNumber = Math.max(stream.lastNumber, number);
  return stream.numbers.add(number);
}

function noteSystem(stream: Stream, { event, members }: LoggedRecord): void {
  const lost = wholeOf(members, "audit.lost.count") ?? 0;
  if (event === "log_dropped") {
    stream.dropped += lost;
    if (textOf(members, "audit.sink.name") === NO_SINK) stream.unmade += lost;
  }
  if (event === "sys_monitor_disabled") {
    stream.closed = true;
    stream.lost = Math.max(stream.lost, lost);
  }
  const told = members["audit.checkpoint.lost"];
  if (Array.isArray(told)) stream.lost = Math.max(stream.lost, sumOfWholes(told));
  for (const name of ["audit.sampled_out", "audit.checkpoint.sampled_out"]) {
    stream.sampledOut = Math.max(stream.sampledOut, wholeOf(members, name) ?? 0);
  }
}

function sumOfWholes(values: readonly unknown[]): number {
  return values.reduce<number>(
    (sum, value) =>
      typeof value === "number" && Number.isSafeInteger(value) && value > 0 ? sum + value : sum,
    0,
  );
}

function rowOf(id: string, stream: Stream): StreamRow {
  const { firstNumber, lastNumber, records, numbers, dropped, lost, from, to, ...rest } = stream;
  const hasNumbers = records > 0;
  const span = hasNumbers ? lastNumber - firstNumber + 1 : 0;
  // With more gaps than can be told apart, none may stand there twice.
  const distinct = numbers.distinct ?? Math.min(records, span);
  return {
    stream: id,
    service: rest.service,
    firstNumber: hasNumbers ? firstNumber : 0,
    lastNumber,
    records,
    missing: span - distinct,
    repeated: records - distinct,
    // The log counts in its last record what the others told.
    lost: Math.max(dropped, lost),
    sampledOut: rest.sampledOut,
    closed: rest.closed,
    first: new Date(from).toISOString(),
    last: new Date(to).toISOString(),
  };
}
