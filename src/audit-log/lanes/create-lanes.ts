import type { RecordNumbers } from "../facts/record-numbers.js";
import type { SinkRecords } from "../facts/sink-records.js";
import {
  createFileListener,
  type FileLog,
  type FileSinkPlace,
} from "../files/create-file-listener.js";
import type { SystemRecord } from "../record/system-record.js";
import type { AuditSink } from "../sinks/audit-sink.js";
import { DirectTransport } from "../sinks/direct-transport.js";
import { FileTransport } from "../sinks/file-transport.js";
import { createIsoTime } from "../text/iso-time.js";
import { DirectLane } from "./direct-lane.js";
import type { Lane, LaneContext, Losses } from "./lane.js";
import { TransportLane, type WinstonTransport } from "./transport-lane.js";
import { TurnLane } from "./turn-lane.js";

/**
 * One lane per sink, each on its own. What becomes of a file is told to its log.
 *
 * @param sinkRecords - Is told what only one sink got, if that is to be sealed.
 */
export function createLanes(
  sinks: readonly AuditSink[],
  systemRecord: SystemRecord,
  numbers: RecordNumbers,
  sinkRecords: SinkRecords | undefined,
  reports: Pick<LaneContext, "report" | "reportStall" | "stallAfter">,
  fileTies: Pick<FileLog, "say" | "rotated"> & { readonly reportTrouble: LaneContext["report"] },
): readonly Lane[] {
  const isoTime = createIsoTime();
  return sinks.map((sink, position) => {
    // Records that only this sink gets, of its losses and at the beginning of its files, are one series. A record of
    // losses keeps its number until it is written.
    let next = 1;
    let ofLosses: number | undefined;
    let lossLine = "";
    function lossRecord(label: string, losses: Losses): string {
      if (ofLosses === undefined) {
        ofLosses = next;
        next += 1;
      }
      lossLine = systemRecord(numbers.ofLosses(position, ofLosses), "log_dropped", {
        "audit.lost.count": losses.count,
        "audit.lost.first": losses.first,
        "audit.lost.last": losses.last,
        "audit.lost.since": isoTime(losses.since),
        "audit.sink.name": label,
      });
      return lossLine;
    }
    function lossTold(): void {
      if (ofLosses !== undefined) sinkRecords?.add(position, ofLosses, lossLine);
      ofLosses = undefined;
    }
    function connect(file: FileTransport, lane: Lane): Lane {
      const place: FileSinkPlace = {
        position,
        label: file.label,
        nextId: () => numbers.ofLosses(position, next),
        taken: (line) => {
          sinkRecords?.add(position, next, line);
          next += 1;
        },
        report: (error) => fileTies.reportTrouble(file.label, position, error, lane.lost),
      };
      file.watch(createFileListener({ systemRecord, numbers, ...fileTies }, place));
      return lane;
    }
    const context: LaneContext = { ...reports, position, lossRecord, lossTold };
    // `readSinks` has checked that every other sink is a winston transport.
    if (sink instanceof FileTransport)
      return connect(
        sink,
        sink.writeMoment === "turn" ? new TurnLane(sink, context) : new DirectLane(sink, context),
      );
    if (sink instanceof DirectTransport) return new DirectLane(sink, context);
    return new TransportLane(sink as unknown as WinstonTransport, context);
  });
}
