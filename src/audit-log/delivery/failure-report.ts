import { writeSync } from "node:fs";
import { OutsideScope } from "../../core/calls/outside-scope.js";
import { safeChannel } from "../../core/decision/safe-channel.js";
import { addExitHook, lateExitHook, removeExitHook } from "../process/exit-hooks.js";
import { afterHold } from "../process/held-calls.js";

/** A sink that lost records, or does not answer any more. Frozen plain data. */
export interface AuditFailure {
  /**
   * `fileSink`, `stdoutSink`, or the class of the winston transport; `record` where a record could not be made;
   * `integrity.sign` or `integrity.onCheckpoint` where that function failed.
   */
  readonly sink: string;
  /** Position in the `sinks` option, from 0; -1 where it is none of them. */
  readonly position: number;
  /** Code of the operating system such as `ENOSPC`, `ETIMEDOUT` of a sink that does not answer, else `error`. */
  readonly code: string;
  /** Records that this sink lost since the start, or that could not be made; 0 for a function, which loses none. */
  readonly lost: number;
  /** `true`: the sink has records and has not answered for `stallAfter`. Nothing is lost by that alone. */
  readonly stalled?: true;
}

/** What is known of the failures of one sink. */
export interface SinkFailures {
  readonly sink: string;
  readonly position: number;
  /** How often it failed. */
  readonly errors: number;
  /** Code of the last one. */
  readonly lastError: string;
  /** When that was, in milliseconds since 1970. */
  readonly lastErrorAt: number;
}

/**
 * `node:diagnostics_channel` on which an {@link AuditFailure} is published: of each sink at most ten in a second, the next
 * of which has the count of all.
 */
export const FAILURE_CHANNEL = "express-secure-api:audit-failure";

interface Published {
  until: number;
  count: number;
}

const STDERR = 2;
const SILENCE_MS = 60_000;
/** How long a subscriber hears nothing of a sink when it has recorded something of its failure. */
const ECHO_MS = 1000;
/** So many failures of a sink are published in that time, for those who record something of them later. */
const MOST_PUBLISHED = 10;
/** The place of records that could not be made. */
const NO_SINK = -1;
const failures = safeChannel(FAILURE_CHANNEL);

/** Tells the channel about every failure, and the standard error output about one in a minute. */
export class FailureReport {
  // Subscribers belong to no request: they run where the log was made.
  readonly #scope = new OutsideScope("ExpressSecureApiAuditFailure");
  readonly #listen: (failure: AuditFailure) => void;
  readonly #records: () => number;
  readonly #bySink = new Map<number, SinkFailures>();
  /** The last failure of each sink that the standard error output was not told. */
  readonly #untold = new Map<number, AuditFailure>();
  readonly #atExit = lateExitHook(() => this.tellRest(), 2);
  /** Positions of the sinks whose failure is being published. */
  readonly #publishing = new Set<number>();
  /** What was published of each sink lately, by position. */
  readonly #published = new Map<number, Published>();
  #quietUntil = Number.NEGATIVE_INFINITY;
  #unmade = 0;

  /**
   * @param listen - Told of every failure but mere trouble, after the subscribers of the channel. Must not throw.
   * @param records - How many records were made so far.
   */
  constructor(listen: (failure: AuditFailure) => void, records: () => number) {
    this.#listen = listen;
    this.#records = records;
  }

  /** Records that could not be made, and are in no sink. */
  get unmade(): number {
    return this.#unmade;
  }

  /** What is known of the sinks that ever failed; under -1 of records that could not be made. */
  get bySink(): ReadonlyMap<number, SinkFailures> {
    return this.#bySink;
  }

  /** Counts and reports a record that could not be made. */
  reportUnmade(error: unknown): void {
    this.#unmade += 1;
    this.report("record", NO_SINK, error, this.#unmade);
  }

  /** Reports that a function of the app failed. @param option - As users write it, without `auditLog.`. */
  reportFunction(option: string, error: unknown): void {
    this.report(option, NO_SINK, error, 0);
  }

  /** Reports that a sink lost records. */
  report(sink: string, position: number, error: unknown, lost: number): void {
    this.#report(sink, position, error, lost, true);
  }

  /**
   * Reports that something went wrong by which no record is lost, such as a file that was moved. Operators hear of it, but
   * it is no reason to refuse requests, or to tell of a gap.
   */
  reportTrouble(sink: string, position: number, error: unknown, lost: number): void {
    this.#report(sink, position, error, lost, false);
  }

  /** Reports that a sink does not answer any more, or does again. */
  reportStall(sink: string, position: number, stalled: boolean, lost: number): void {
    const place = placeOf(sink, position);
    const total = `${recordsText(lost)} lost so far`;
    // Always said: it happens once in the time that a stall takes to be one.
    if (!stalled) {
      warn(`express-secure-api: ${place} answers again; ${total}\n`);
      return;
    }
    warn(`express-secure-api: ${place} has stalled: it does not answer; ${total}\n`);
    this.#tell(Object.freeze({ sink, position, code: "ETIMEDOUT", lost, stalled }));
  }

  #report(sink: string, position: number, error: unknown, lost: number, isLoss: boolean): void {
    const failure: AuditFailure = Object.freeze({ sink, position, code: codeOf(error), lost });
    this.#warnRarely(failure);
    this.#tell(failure, isLoss);
  }

  #tell(failure: AuditFailure, isHeard = true): void {
    const { sink, position, code } = failure;
    const errors = (this.#bySink.get(position)?.errors ?? 0) + 1;
    const lastErrorAt = Date.now();
    this.#bySink.set(position, { sink, position, errors, lastError: code, lastErrorAt });
    afterHold(() =>
      this.#scope.runInAsyncScope(() => {
        this.#publish(failure);
        if (isHeard) this.#listen(failure);
      }),
    );
  }

  /** Tells the standard error output the counts that it was not told for brevity: nothing may come any more. */
  tellRest(): void {
    removeExitHook(this.#atExit);
    for (const failure of this.#untold.values()) warn(failureText(failure));
    this.#untold.clear();
  }

  /**
   * A subscriber that records an event of a failure causes the next one while the sink fails, and so on without end. So
   * it hears of that sink once in a while only; the next failure that it hears of has the count of all.
   */
  #publish(failure: AuditFailure): void {
    const { position } = failure;
    if (!failures.hasSubscribers || this.#publishing.has(position)) return;
    const now = performance.now();
    let published = this.#published.get(position);
    if (published === undefined || now >= published.until) {
      published = { until: now + ECHO_MS, count: 0 };
      this.#published.set(position, published);
    }
    if (published.count >= MOST_PUBLISHED) return;
    published.count += 1;
    const before = this.#records();
    this.#publishing.add(position);
    failures.publish(failure);
    this.#publishing.delete(position);
    if (this.#records() === before) return;
    published.until = now + ECHO_MS;
    published.count = MOST_PUBLISHED;
  }

  #warnRarely(failure: AuditFailure): void {
    const now = performance.now();
    if (now < this.#quietUntil) {
      if (this.#untold.size === 0) addExitHook(this.#atExit);
      this.#untold.set(failure.position, failure);
      return;
    }
    this.#quietUntil = now + SILENCE_MS;
    this.#untold.delete(failure.position);
    warn(failureText(failure));
  }
}

function failureText({ sink, position, code, lost }: AuditFailure): string {
  const place = placeOf(sink, position);
  return `express-secure-api: ${place} failed: ${code}; ${recordsText(lost)} lost so far\n`;
}

function placeOf(sink: string, position: number): string {
  return position === NO_SINK ? `auditLog (${sink})` : `auditLog.sinks[${position}] (${sink})`;
}

function recordsText(count: number): string {
  if (count === 0) return "no record";
  return count === 1 ? "1 record" : `${count} records`;
}

function codeOf(error: unknown): string {
  try {
    const code =
      typeof error === "object" && error !== null ? (error as { code?: unknown }).code : undefined;
    // Only the system's own words: an error message of a transport may quote a record or a credential.
    return typeof code === "string" && /^[A-Z0-9_]{1,40}$/.test(code) ? code : "error";
  } catch {
    // What a transport throws is its own, getters included.
    return "error";
  }
}

function warn(text: string): void {
  try {
    // process.stderr would throw later, with nobody to catch it, when its reader is gone.
    // Node opens a pipe when it is looked at, which makes it non-blocking: a reader that is behind stalls nobody.
    void process.stderr.writableLength;
    writeSync(STDERR, text);
  } catch {
    // Nobody listens there.
  }
}
