import { textOf, textsOf, wholeOf } from "../records/logged-members.js";
import type { LoggedRecord } from "../records/logged-record.js";

/** What the log says about itself. */
export interface DiarySummary {
  /** The newest entries, the last one first: starts, ends, losses, files that expired. No checkpoints, no rotation. */
  readonly entries: readonly DiaryEntry[];
  readonly starts: number;
  readonly ends: number;
  readonly checkpoints: number;
  /** Files that were begun because the one before was full or its time was over. */
  readonly rotations: number;
  /** Requests that share a record with others: they have no address, path or id of their own. */
  readonly aggregated: number;
  /** Records that stand for several requests. */
  readonly repeatRecords: number;
  /** What the log found wrong with its app when it started. */
  readonly notices: readonly string[];
}

/** One thing that happened to the log. */
interface DiaryEntry {
  readonly time: string;
  readonly event: string;
  readonly service: string;
  readonly text: string;
}

const MAX_ENTRIES = 1000;
const MAX_NOTICES = 20;
const CHECKPOINT = "log_checkpoint";
const SEGMENT = "log_segment";

/** Collects the records of the log about itself. */
export function createDiarySection() {
  const entries: { readonly at: number; readonly entry: DiaryEntry }[] = [];
  const notices = new Set<string>();
  let [starts, ends, checkpoints, rotations, aggregated, repeatRecords] = [0, 0, 0, 0, 0, 0];

  function addSystem(record: LoggedRecord): void {
    const { event, members, time } = record;
    if (event === "sys_monitor_enabled" && isStart(members)) starts += 1;
    if (event === "sys_monitor_disabled") ends += 1;
    const isRotation = event === SEGMENT && textOf(members, "audit.reason") === "rotated";
    if (event === CHECKPOINT) checkpoints += 1;
    if (isRotation) rotations += 1;
    const notice = textOf(members, "audit.notice");
    if (notice !== undefined && notices.size < MAX_NOTICES) notices.add(notice);
    // They come all the time, and would hide the rest.
    if (event === CHECKPOINT || isRotation) return;
    const service = textOf(members, "service.name") ?? "";
    const told = { time: new Date(time).toISOString(), event, service, text: textFor(record) };
    entries.push({ at: time, entry: told });
    // Sorted now and then only, so that it takes constant time on average.
    if (entries.length >= 2 * MAX_ENTRIES) shorten(entries);
  }

  return {
    add(record: LoggedRecord): void {
      if (record.kind === "system") addSystem(record);
      if (record.kind !== "repeat") return;
      repeatRecords += 1;
      aggregated += record.requests;
    },
    result(most: number): DiarySummary {
      shorten(entries);
      return {
        entries: entries.slice(0, most).map(({ entry }) => entry),
        starts,
        ends,
        checkpoints,
        rotations,
        aggregated,
        repeatRecords,
        notices: [...notices],
      };
    },
  };
}

function isStart(members: LoggedRecord["members"]): boolean {
  const reason = textOf(members, "audit.reason");
  return reason === undefined || reason === "started";
}

function textFor({ event, members }: LoggedRecord): string {
  const whole = (name: string) => wholeOf(members, name) ?? 0;
  const sink = textOf(members, "audit.sink.name") ?? "a sink";
  switch (event) {
    case "log_dropped":
      return sink === "record"
        ? `${whole("audit.lost.count")} could not be made`
        : `${whole("audit.lost.count")} lost for ${sink} since ${textOf(members, "audit.lost.since") ?? "an unknown time"}${numbersText(members)}`;
    case "log_stalled":
      return `${sink} does not answer any more`;
    case "log_recovered":
      return `${sink} answers again, ${whole("audit.lost.count")} lost in all`;
    case SEGMENT:
      return `${textOf(members, "audit.reason") ?? ""}: ${textOf(members, "audit.segment.previous") ?? "the file before"}`;
    case "log_key":
      return textOf(members, "audit.checkpoint.certificate") === undefined
        ? `nobody vouches for the key of the log: ${textOf(members, "audit.reason") ?? "not told why"}`
        : "the long-term key vouches for the key of the log";
    case "sys_monitor_disabled":
      return `closed after ${whole("audit.records")} records, ${whole("audit.lost.count")} lost`;
    case "log_expired":
      return `${textOf(members, "audit.expired.file") ?? "a file"} was deleted when its time was over`;
    case "sys_monitor_enabled":
      return startText(members);
    default:
      return textOf(members, "audit.reason") ?? "";
  }
}

/** So that they can be looked up in another sink. */
function numbersText(members: LoggedRecord["members"]): string {
  const [first, last] = ["audit.lost.first", "audit.lost.last"].map((name) =>
    wholeOf(members, name),
  );
  return first === undefined || last === undefined ? "" : `, from number ${first} to ${last}`;
}

function startText(members: LoggedRecord["members"]): string {
  const reporting = textsOf(members, "audit.reporting");
  const parts = [
    isStart(members) ? "started" : (textOf(members, "audit.reason") ?? ""),
    reporting.length === 0 ? "" : `in report mode: ${reporting.join(", ")}`,
    textOf(members, "audit.notice") ?? "",
  ];
  return parts.filter((part) => part !== "").join("; ");
}

function shorten(entries: { readonly at: number; readonly entry: DiaryEntry }[]): void {
  entries.sort((one, other) => other.at - one.at);
  entries.length = Math.min(entries.length, MAX_ENTRIES);
}
