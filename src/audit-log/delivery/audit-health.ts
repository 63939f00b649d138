import type { Lane } from "../lanes/lane.js";
import type { SinkFailures } from "./failure-report.js";

/** How one sink of an audit log is doing. */
export interface AuditSinkStats {
  /** `fileSink`, `stdoutSink`, or the class of the winston transport. */
  readonly sink: string;
  /** Position in the `sinks` option, from 0. */
  readonly position: number;
  /** Records that the sink holds and has not written yet. */
  readonly pending: number;
  /** Records that the sink lost since the start. */
  readonly lost: number;
  /** Whether its last attempt to write failed. */
  readonly failing: boolean;
  /** Whether it has records and has not answered for `stallAfter`. Of winston transports only. */
  readonly stalled: boolean;
}

/** How one sink is doing, and what went wrong last. */
export interface AuditSinkHealth extends AuditSinkStats {
  /** Code of its last failure, such as `ENOSPC`; `error` where it has none. Absent if it never failed. */
  readonly lastError?: string;
  /** When that was, in milliseconds since 1970. */
  readonly lastErrorAt?: number;
}

/** How an audit log is doing. Frozen plain data. */
export interface AuditHealth {
  /**
   * - `"ok"`: every sink takes records
   * - `"degraded"`: at least one fails or has stalled, and another one takes records
   * - `"failing"`: no sink takes records, or new requests are refused because of `onFailure`, or the log is closed
   */
  readonly status: "ok" | "degraded" | "failing";
  readonly sinks: readonly AuditSinkHealth[];
}

/** How a sink is doing, without the past. */
export function statsOf(lane: Lane, position: number): AuditSinkStats {
  const { label, pending, lost, failing, stalled } = lane;
  return Object.freeze({ sink: label, position, pending, lost, failing, stalled });
}

/**
 * How all are doing.
 *
 * @param refusing - Whether new requests are refused, or the log is closed.
 */
export function healthOf(
  lanes: readonly Lane[],
  failures: ReadonlyMap<number, SinkFailures>,
  refusing: boolean,
): AuditHealth {
  const sinks = lanes.map((lane, position): AuditSinkHealth => {
    const stats = statsOf(lane, position);
    const known = failures.get(position);
    if (known === undefined) return stats;
    const { lastError, lastErrorAt } = known;
    return Object.freeze({ ...stats, lastError, lastErrorAt });
  });
  const troubled = sinks.filter(({ failing, stalled }) => failing || stalled).length;
  const status =
    refusing || troubled === sinks.length ? "failing" : troubled > 0 ? "degraded" : "ok";
  return Object.freeze({ status, sinks: Object.freeze(sinks) });
}
