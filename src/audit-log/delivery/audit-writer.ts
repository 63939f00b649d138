import type { Lane } from "../lanes/lane.js";
import { holdCalls, releaseCalls } from "../process/held-calls.js";
import { pause } from "../process/real-time.js";
import { type AuditHealth, type AuditSinkStats, healthOf, statsOf } from "./audit-health.js";
import type { FailureReport } from "./failure-report.js";

const PROBE_MS = 1000;
const DRAIN_MS = 5000;
const DRAIN_STEP_MS = 10;

/** How the sinks of an audit log are doing, in numbers. */
export interface SinkStats {
  /** Records made since the start, whether or not every sink took them. */
  readonly records: number;
  /** Records lost since the start, counted per sink; one that could not be made counts once. */
  readonly lost: number;
  /** Records that a sink holds and has not written yet. */
  readonly pending: number;
  /** Whether any sink failed at its last attempt. */
  readonly failing: boolean;
  /** The same for each sink, in the order of the option. */
  readonly sinks: readonly AuditSinkStats[];
}

/** How an audit log is doing. */
export interface AuditStats extends SinkStats {
  /** The name of its stream of records: what stands in front of the last hyphen of `audit.record.id`. */
  readonly stream: string;
  /** The number of the last record of the stream. */
  readonly lastNumber: number;
}

/** A record, and its number among those of the log, from 1. */
interface NumberedLine {
  readonly line: string;
  readonly number: number;
}

/** Writes each record to every lane, and knows whether they can be relied on. */
export class AuditWriter {
  readonly #direct: readonly Lane[];
  readonly #others: readonly Lane[];
  readonly #lanes: readonly Lane[];
  readonly #failures: FailureReport;
  /** What came while a direct lane was written to, and what the others have not been handed. */
  readonly #next: NumberedLine[] = [];
  readonly #unhanded: NumberedLine[] = [];
  #writing = false;
  #handing = false;
  #records = 0;
  #nextProbe = 0;
  #closed = false;

  constructor(lanes: readonly Lane[], failures: FailureReport) {
    this.#direct = lanes.filter(({ direct }) => direct);
    this.#others = lanes.filter(({ direct }) => !direct);
    this.#lanes = lanes;
    this.#failures = failures;
  }

  get closed(): boolean {
    return this.#closed;
  }

  get stats(): SinkStats {
    const sinks = Object.freeze(this.#lanes.map(statsOf));
    return Object.freeze({
      records: this.#records,
      lost: sinks.reduce((sum, { lost }) => sum + lost, this.#failures.unmade),
      pending: this.#pending(),
      failing: sinks.some(({ failing }) => failing),
      sinks,
    });
  }

  /** @param refusing - Whether new requests are refused. */
  health(refusing: boolean): AuditHealth {
    return healthOf(this.#lanes, this.#failures.bySink, refusing || this.#closed);
  }

  /** Whether a sink, by its position, is one of ours. */
  isOwn(position: number): boolean {
    return this.#lanes[position]?.direct === true;
  }

  /** Records lost since the start, by position of the sink. */
  get losses(): readonly number[] {
    return this.#lanes.map(({ lost }) => lost);
  }

  /**
   * Writes to our own sinks first. Then subscribers hear of failures, then foreign transports get the record: both may
   * end the process. Either may cause a record, which every sink gets behind this one.
   */
  write(line: string): void {
    this.#records += 1;
    if (this.#closed) {
      this.#refuse();
      return;
    }
    if (this.#writing) {
      this.#next.push({ line, number: this.#records });
      return;
    }
    this.#writing = true;
    holdCalls();
    this.#writeDirect(line, this.#records);
    for (let next = this.#next.shift(); next !== undefined; next = this.#next.shift())
      this.#writeDirect(next.line, next.number);
    this.#writing = false;
    releaseCalls();
    this.#handOver();
  }

  /** Counts and reports a record that is made no more. */
  refuse(): void {
    this.#records += 1;
    this.#refuse();
  }

  /** Counts and reports a record that could not be made. */
  countUnmade(error: unknown): void {
    this.#failures.reportUnmade(error);
  }

  /**
   * Whether every direct lane takes records. One that fails is tried again with the record of its losses, at most once
   * in a second: a dying disk can take long to refuse.
   */
  isReliable(): boolean {
    if (this.#closed) return false;
    if (!this.isFailing()) return true;
    this.probe();
    return !this.isFailing();
  }

  /** Tries sinks again that fail, at most once in a second. */
  probe(): void {
    if (this.#closed || !this.#lanes.some(({ failing }) => failing)) return;
    const now = performance.now();
    if (now < this.#nextProbe) return;
    this.#nextProbe = now + PROBE_MS;
    this.settle();
  }

  /** Whether any of our own sinks failed at its last attempt. */
  isFailing(): boolean {
    for (const lane of this.#direct) if (lane.failing) return true;
    return false;
  }

  /** Has every lane write what it holds. */
  settle(): void {
    holdCalls();
    for (const lane of this.#direct) lane.settle();
    releaseCalls();
    for (const lane of this.#others) lane.settle();
  }

  /**
   * Waits, for a bounded time, until every lane has what was written before the call.
   *
   * @throws Error (a rejection that nobody has to handle) that names the sinks that have not.
   */
  flush(): Promise<void> {
    const flushed = this.#flush();
    flushed.catch(() => undefined);
    return flushed;
  }

  /** Refuses records from now on, waits, for a bounded time, until every lane is empty, then closes the sinks. */
  async close(): Promise<void> {
    this.#closed = true;
    this.settle();
    const deadline = AbortSignal.timeout(DRAIN_MS);
    while (this.#pending() > 0 && !deadline.aborted) await pause(DRAIN_STEP_MS);
    await Promise.all(this.#lanes.map(closeLane));
    this.#failures.tellRest();
  }

  async #flush(): Promise<void> {
    const last = this.#records;
    this.settle();
    const deadline = AbortSignal.timeout(DRAIN_MS);
    while (!deadline.aborted && this.#lanes.some((lane) => isBehind(lane, last)))
      await pause(DRAIN_STEP_MS);
    const lacking = this.#lanes.flatMap((lane, position) =>
      isBehind(lane, last) || lane.owing ? [`sinks[${position}] (${lane.label})`] : [],
    );
    if (lacking.length === 0) return;
    const message = `auditLog.flush(): not every record is written in ${lacking.join(", ")}`;
    throw Object.assign(new Error(message), { code: "EAGAIN" });
  }

  #writeDirect(line: string, number: number): void {
    for (const lane of this.#direct) lane.write(line, number);
    if (this.#others.length > 0) this.#unhanded.push({ line, number });
  }

  #handOver(): void {
    if (this.#handing) return;
    this.#handing = true;
    for (let next = this.#unhanded.shift(); next !== undefined; next = this.#unhanded.shift())
      for (const lane of this.#others) lane.write(next.line, next.number);
    this.#handing = false;
  }

  #pending(): number {
    let pending = 0;
    for (const lane of this.#lanes) pending += lane.pending;
    return pending;
  }

  #refuse(): void {
    holdCalls();
    for (const lane of this.#lanes) lane.refuse();
    releaseCalls();
  }
}

/** Whether it holds a record up to this number. What it has lost, it does not hold. */
function isBehind({ oldest }: Lane, last: number): boolean {
  return oldest !== undefined && oldest <= last;
}

async function closeLane(lane: Lane): Promise<void> {
  try {
    await lane.close();
  } catch {
    // A sink that cannot even be closed is as closed as it gets.
  }
}
