import { setTimeout as wait } from "node:timers/promises";
import type { Lane } from "./lane.js";

const PROBE_MS = 1000;
const DRAIN_MS = 5000;
const DRAIN_STEP_MS = 10;

/** How an audit log is doing. */
export interface AuditStats {
  /** Records made since the start, whether or not every sink took them. */
  readonly records: number;
  /** Records lost since the start, counted per sink. */
  readonly lost: number;
  /** Records that a sink holds and has not written yet. */
  readonly pending: number;
  /** Whether any sink failed at its last attempt. */
  readonly failing: boolean;
}

/** Writes each record to every lane, and knows whether they can be relied on. */
export class AuditWriter {
  readonly #lanes: readonly Lane[];
  #records = 0;
  #nextProbe = 0;
  #closed = false;

  constructor(lanes: readonly Lane[]) {
    this.#lanes = lanes;
  }

  get stats(): AuditStats {
    let lost = 0;
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

  write(line: string): void {
    this.#records += 1;
    for (const lane of this.#lanes) lane.write(line);
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
    for (const lane of this.#lanes) if (lane.direct) lane.settle();
    return !this.#directFailing();
  }

  /** Waits, for a bounded time, until every lane is empty, then closes the sinks. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const lane of this.#lanes) lane.settle();
    const end = performance.now() + DRAIN_MS;
    while (this.stats.pending > 0 && performance.now() < end) await wait(DRAIN_STEP_MS);
    await Promise.all(this.#lanes.map(closeLane));
  }

  #directFailing(): boolean {
    for (const lane of this.#lanes) if (lane.direct && lane.failing) return true;
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
