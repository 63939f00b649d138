import { AsyncResource } from "node:async_hooks";
import { writeSync } from "node:fs";
import { safeChannel } from "../../core/decision/safe-channel.js";

/** A sink that lost records. Frozen plain data. */
export interface AuditFailure {
  /** `fileSink`, `stdoutSink`, or the class of the winston transport; `record` where a record could not be made. */
  readonly sink: string;
  /** Position in the `sinks` option, from 0; -1 where a record could not be made. */
  readonly position: number;
  /** Code of the operating system such as `ENOSPC`, else `error`. */
  readonly code: string;
  /** Records that this sink lost since the start, or that could not be made. */
  readonly lost: number;
}

/** `node:diagnostics_channel` on which every {@link AuditFailure} is published. */
export const FAILURE_CHANNEL = "express-secure-api:audit-failure";

const STDERR = 2;
const SILENCE_MS = 60_000;
/** The place of records that could not be made. */
const NO_SINK = -1;
const failures = safeChannel(FAILURE_CHANNEL);
// Of the process, because logs share the end of a turn.
const held: (() => void)[] = [];
let holds = 0;

/** Keeps all reports back until as many calls of {@link releaseReports}: a subscriber may end the process. */
export function holdReports(): void {
  holds += 1;
}

/** Publishes what was held, when nobody holds reports any more. */
export function releaseReports(): void {
  holds -= 1;
  if (holds > 0 || held.length === 0) return;
  for (let publish = held.shift(); publish !== undefined; publish = held.shift()) publish();
}

/** Tells the channel about every failure, and the standard error output about one in a minute. */
export class FailureReport {
  // Subscribers belong to no request: they run where the log was made.
  readonly #scope = new AsyncResource("ExpressSecureApiAuditFailure", {
    requireManualDestroy: true,
  });
  #quietUntil = Number.NEGATIVE_INFINITY;
  #unmade = 0;
  #watcher: ((failure: AuditFailure) => void) | undefined;

  /** Shows the log itself every failure, when nobody holds reports back. @param watcher - Must not throw. */
  watch(watcher: (failure: AuditFailure) => void): void {
    this.#watcher = watcher;
  }

  /** Records that could not be made, and are in no sink. */
  get unmade(): number {
    return this.#unmade;
  }

  /** Counts and reports a record that could not be made. */
  reportUnmade(error: unknown): void {
    this.#unmade += 1;
    this.report("record", NO_SINK, error, this.#unmade);
  }

  report(sink: string, position: number, error: unknown, lost: number): void {
    const failure: AuditFailure = Object.freeze({ sink, position, code: codeOf(error), lost });
    this.#warn(failure);
    if (!failures.hasSubscribers && this.#watcher === undefined) return;
    const publish = (): void =>
      this.#scope.runInAsyncScope(() => {
        this.#watcher?.(failure);
        if (failures.hasSubscribers) failures.publish(failure);
      });
    if (holds > 0) held.push(publish);
    else publish();
  }

  #warn({ sink, position, code, lost }: AuditFailure): void {
    const now = performance.now();
    if (now < this.#quietUntil) return;
    this.#quietUntil = now + SILENCE_MS;
    const place = position === NO_SINK ? "auditLog" : `auditLog.sinks[${position}]`;
    const records = lost === 1 ? "1 record" : `${lost} records`;
    warn(`express-secure-api: ${place} (${sink}) failed: ${code}; ${records} lost so far\n`);
  }
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
    writeSync(STDERR, text);
  } catch {
    // Nobody listens there.
  }
}
