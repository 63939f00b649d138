import { reportingGuards } from "../core/guard/reporting.js";

/** Writes the record of the start: which guards are in report mode, and why the record is written. */
export type WriteStart = (
  reporting: readonly string[],
  reason: "started" | "reporting_changed",
) => void;

/**
 * Says once, when the app is set up, that the log has started and which guards only report. An app that makes guards
 * after its start-up tick, as after a connection to a database, gets a second record at its first request.
 */
export class StartRecord {
  readonly #write: WriteStart;
  readonly #tick: NodeJS.Immediate;
  #named: readonly string[] | undefined;
  #served = false;

  constructor(write: WriteStart) {
    this.#write = write;
    // All guards that are made in the same tick are known when it is over.
    this.#tick = setImmediate(() => this.#say(reportingGuards(), "started")).unref();
  }

  atRequest(): void {
    if (this.#served) return;
    this.#served = true;
    const reporting = reportingGuards();
    if (this.#named === undefined) this.#say(reporting, "started");
    else if (this.#named.length !== reporting.length) this.#say(reporting, "reporting_changed");
  }

  /** Writes no record any more. @returns Whether one was written. */
  cancel(): boolean {
    clearImmediate(this.#tick);
    this.#served = true;
    return this.#named !== undefined;
  }

  #say(reporting: readonly string[], reason: "started" | "reporting_changed"): void {
    clearImmediate(this.#tick);
    this.#named = reporting;
    this.#write(reporting, reason);
  }
}
