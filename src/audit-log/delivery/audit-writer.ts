import type { Lane } from "../lanes/lane.js";
import { holdCalls, releaseCalls } from "../process/held-calls.js";
import { pause } from "../process/real-time.js";
import type { FailureReport } from "./failure-report.js";

const PROBE_MS = 1000;
const DRAIN_MS = 5000;
const DRAIN_STEP_MS = 10;

/** How the sinks of an audit log are doing. */
export interface SinkStats {
  /** Records made since the start, whether or not every sink took them. */
  readonly records: number;
  /** Records lost since the start, counted per sink; one that could not be made counts once. */
  readonly lost: number;
  /** Records that a sink holds and has not written yet. */
  readonly pending: number;
  /** Whether any sink failed at its last attempt. */
  readonly failing: boolean;
}

/** How an audit log is doing. */
export interface AuditStats extends SinkStats {
  /** The name of its stream of records: what stands in front of the last hyphen of `audit.record.id`. */
  readonly stream: string;
  /** The number of the last record of the stream. */
  readonly lastNumber: number;
}

/** Writes each record to every lane, and knows whether they can be relied on. */
export class AuditWriter {
  readonly #direct: readonly Lane[];
  readonly #others: readonly Lane[];
  readonly #lanes: readonly Lane[];
  readonly #failures: FailureReport;
  /** What came while a direct lane was written to, and what the others have not been handed. */
  readonly #next: string[] = [];
  readonly #unhanded: string[] = [];
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

  get stats(): SinkStats {
    let lost = this.#failures.unmade;
    let pending = 0;
    for (const lane of this.#lanes) {
      lost += lane.lost;
      pending += lane.pending;
    }
    return {
      records: this.#records,
      lost,
      pending,
      failing: this.#lanes.some((lane) => lane.failing),
    };
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
      this.#next.push(line);
      return;
    }
    this.#writing = true;
    holdCalls();
    for (let next: string | undefined = line; next !== undefined; next = this.#next.shift()) {
      for (const lane of this.#direct) lane.write(next);
      if (this.#others.length > 0) this.#unhanded.push(next);
    }
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
   * Whether every direct lane takes records. A failing one is tried again with the record of its losses, at most once
   * in a second: a dying disk can take long to refuse.
   */
  isReliable(): boolean {
    if (this.#closed) return false;
    if (!this.#directFailing()) return true;
    const now = performance.now();
    if (now < this.#nextProbe) return false;
    this.#nextProbe = now + PROBE_MS;
    for (const lane of this.#direct) lane.settle();
    return !this.#directFailing();
  }

  /** Has every lane write what it holds. */
  settle(): void {
    holdCalls();
    for (const lane of this.#direct) lane.settle();
    releaseCalls();
    for (const lane of this.#others) lane.settle();
  }

  /** Refuses records from now on, waits, for a bounded time, until every lane is empty, then closes the sinks. */
  async close(): Promise<void> {
    this.#closed = true;
    this.settle();
    const deadline = AbortSignal.timeout(DRAIN_MS);
    while (this.stats.pending > 0 && !deadline.aborted) await pause(DRAIN_STEP_MS);
    await Promise.all(this.#lanes.map(closeLane));
  }

  #handOver(): void {
    if (this.#handing) return;
    this.#handing = true;
    for (let line = this.#unhanded.shift(); line !== undefined; line = this.#unhanded.shift())
      for (const lane of this.#others) lane.write(line);
    this.#handing = false;
  }

  #refuse(): void {
    holdCalls();
    for (const lane of this.#lanes) lane.refuse();
    releaseCalls();
  }

  #directFailing(): boolean {
    for (const lane of this.#direct) if (lane.failing) return true;
    return false;
  }
}

async function closeLane(lane: Lane): Promise<void> {
  try {
    await lane.close();
  } catch {
    // A sink that cannot even be closed is as closed as it gets.
  }
}
