import { writeSync } from "node:fs";
import { safeChannel } from "../../core/guard/safe-channel.js";

/** A sink that lost records. Frozen plain data. */
export interface AuditFailure {
  /** `fileSink`, `stdoutSink`, or the class of the winston transport. */
  readonly sink: string;
  /** Position in the `sinks` option, from 0. */
  readonly position: number;
  /** Code of the operating system such as `ENOSPC`, else `error`. */
  readonly code: string;
  /** Records that this sink lost since the start. */
  readonly lost: number;
}

/** `node:diagnostics_channel` on which every {@link AuditFailure} is published. */
export const FAILURE_CHANNEL = "express-secure-api:audit-failure";

const STDERR = 2;
const SILENCE_MS = 60_000;
const failures = safeChannel(FAILURE_CHANNEL);

/** Tells the channel about every failure, and the standard error output about one in a minute. */
export class FailureReport {
  #quietUntil = Number.NEGATIVE_INFINITY;

  report(sink: string, position: number, error: unknown, lost: number): void {
    const failure: AuditFailure = Object.freeze({ sink, position, code: codeOf(error), lost });
    if (failures.hasSubscribers) failures.publish(failure);
    const now = performance.now();
    if (now < this.#quietUntil) return;
    this.#quietUntil = now + SILENCE_MS;
    const records = lost === 1 ? "1 record" : `${lost} records`;
    warn(
      `express-secure-api: auditLog.sinks[${position}] (${sink}) failed: ${failure.code}; ${records} lost so far\n`,
    );
  }
}

function codeOf(error: unknown): string {
  const code =
    typeof error === "object" && error !== null ? (error as { code?: unknown }).code : undefined;
  // Only the system's own words: an error message of a transport may quote a record or a credential.
  return typeof code === "string" && /^[A-Z0-9_]{1,40}$/.test(code) ? code : "error";
}

function warn(text: string): void {
  try {
    // process.stderr would throw later, with nobody to catch it, when its reader is gone.
    writeSync(STDERR, text);
  } catch {
    // Nobody listens there.
  }
}
