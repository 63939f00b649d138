import type { RecordNumbers } from "../facts/record-numbers.js";
import type { SystemRecord } from "../record/system-record.js";
import type { AuditSink } from "../sinks/audit-sink.js";
import { DirectTransport } from "../sinks/direct-transport.js";
import { FileTransport } from "../sinks/file-transport.js";
import { createIsoTime } from "../text/iso-time.js";
import { DirectLane } from "./direct-lane.js";
import type { Lane, LaneContext } from "./lane.js";
import { TransportLane, type WinstonTransport } from "./transport-lane.js";
import { TurnLane } from "./turn-lane.js";

/** One lane per sink, each on its own. */
export function createLanes(
  sinks: readonly AuditSink[],
  systemRecord: SystemRecord,
  numbers: RecordNumbers,
  report: LaneContext["report"],
): readonly Lane[] {
  const isoTime = createIsoTime();
  return sinks.map((sink, position) => {
    function lossRecord(label: string, count: number, since: number, number: number): string {
      return systemRecord(numbers.ofLosses(position, number), "log_dropped", {
        "audit.lost": count,
        "audit.lost.since": isoTime(since),
        "audit.sink": label,
      });
    }
    const context = { position, report, lossRecord };
    // `readSinks` has checked that every other sink is a winston transport.
    if (sink instanceof FileTransport && sink.writeMoment === "turn")
      return new TurnLane(sink, context);
    if (sink instanceof DirectTransport) return new DirectLane(sink, context);
    return new TransportLane(sink as unknown as WinstonTransport, context);
  });
}
