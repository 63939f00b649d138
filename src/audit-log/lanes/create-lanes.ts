import type { RecordNumbers } from "../facts/record-numbers.js";
import type { SystemRecord } from "../record/system-record.js";
import type { AuditSink } from "../sinks/audit-sink.js";
import { DirectTransport } from "../sinks/direct-transport.js";
import { FileTransport } from "../sinks/file-transport.js";
import { createIsoTime } from "../text/iso-time.js";
import { DirectLane } from "./direct-lane.js";
import type { Lane, LaneContext, Losses } from "./lane.js";
import { TransportLane, type WinstonTransport } from "./transport-lane.js";
import { TurnLane } from "./turn-lane.js";

/** One lane per sink, each on its own. */
export function createLanes(
  sinks: readonly AuditSink[],
  systemRecord: SystemRecord,
  numbers: RecordNumbers,
  reports: Pick<LaneContext, "report" | "reportStall" | "stallAfter">,
): readonly Lane[] {
  const isoTime = createIsoTime();
  return sinks.map((sink, position) => {
    function lossRecord(label: string, losses: Losses, number: number): string {
      return systemRecord(numbers.ofLosses(position, number), "log_dropped", {
        "audit.lost": losses.count,
        "audit.lost.first": losses.first,
        "audit.lost.last": losses.last,
        "audit.lost.since": isoTime(losses.since),
        "audit.sink": label,
      });
    }
    const context: LaneContext = { ...reports, position, lossRecord };
    // `readSinks` has checked that every other sink is a winston transport.
    if (sink instanceof FileTransport && sink.writeMoment === "turn")
      return new TurnLane(sink, context);
    if (sink instanceof DirectTransport) return new DirectLane(sink, context);
    return new TransportLane(sink as unknown as WinstonTransport, context);
  });
}
