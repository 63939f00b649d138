import type { AlertSummary } from "./sections/alert-section.js";
import type { DiarySummary } from "./sections/diary-section.js";
import type { RankingSummary } from "./sections/ranking-section.js";
import type { RehearsalSummary } from "./sections/rehearsal-section.js";
import type { RouteSummary } from "./sections/route-section.js";
import type { StreamSummary } from "./sections/stream-section.js";
import type { TrafficSummary } from "./sections/traffic-section.js";

/** What stands in log files, in numbers. */
export interface LogSummary {
  readonly lines: LineSummary;
  /** The times of the first and the last record that were counted; absent when there was none. */
  readonly first?: string;
  readonly last?: string;
  readonly traffic: TrafficSummary;
  readonly rankings: RankingSummary;
  readonly routes: RouteSummary;
  readonly rehearsal: RehearsalSummary;
  readonly alerts: AlertSummary;
  readonly streams: StreamSummary;
  readonly diary: DiarySummary;
}

/** What the lines were. */
interface LineSummary {
  readonly read: number;
  /** Records that were counted, by the schema that they are written in. */
  readonly records: { readonly v1: number; readonly ecs: number; readonly ocsf: number };
  /** Records of another time than the one that was asked for. */
  readonly otherTime: number;
  /** JSON, but no records of the log: what else was written to the same output. */
  readonly foreign: number;
  /** No JSON, cut off, or too long. */
  readonly unreadable: number;
  /** Where the first of these are. */
  readonly unreadablePlaces: readonly string[];
}
