import type { LogSummary } from "./log-summary.js";
import { readLoggedRecord } from "./records/logged-record.js";
import { type LogSchema, parseLine } from "./records/parse-line.js";
import { createAlertSection } from "./sections/alert-section.js";
import { createDiarySection } from "./sections/diary-section.js";
import { createRankingSection } from "./sections/ranking-section.js";
import { createRehearsalSection } from "./sections/rehearsal-section.js";
import { createRouteSection } from "./sections/route-section.js";
import { createStreamSection } from "./sections/stream-section.js";
import { createTrafficSection } from "./sections/traffic-section.js";

/** What is summed up. */
export interface LogSummarySettings {
  /** In milliseconds since the epoch: records of this time and later ones. */
  readonly from: number;
  /** In milliseconds since the epoch: earlier records. */
  readonly to: number;
  /** How many rows each list has at most. */
  readonly most: number;
}

/** Sums up log files, line by line. */
export interface LogSummaryBuilder {
  /** @param place - Where the line is, for people: `audit.jsonl:12`. Called only when it must be told. */
  line(text: string, place: () => string): void;
  /** A line that could not be read because it is too long. */
  unreadable(place: () => string): void;
  result(): LogSummary;
}

const MAX_PLACES = 20;
/** The longest line that is parsed, in UTF-16 code units. No record is so long: parsing it would take memory and time. */
const MAX_LINE_LENGTH = 2 * 1024 * 1024;

/** Sums up lines in any order, in a memory that does not grow with their number. */
export function createLogSummary({ from, to, most }: LogSummarySettings): LogSummaryBuilder {
  const traffic = createTrafficSection();
  const rankings = createRankingSection();
  const routes = createRouteSection();
  const rehearsal = createRehearsalSection();
  const alerts = createAlertSection();
  const streams = createStreamSection();
  const diary = createDiarySection();
  const ofTime = [traffic, rankings, routes, rehearsal, alerts, diary];
  const records: Record<LogSchema, number> = { v1: 0, ecs: 0, ocsf: 0 };
  const unreadablePlaces: string[] = [];
  let [read, otherTime, foreign, unreadable] = [0, 0, 0, 0];
  let [first, last] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];

  function countUnreadable(place: () => string): void {
    unreadable += 1;
    if (unreadablePlaces.length < MAX_PLACES) unreadablePlaces.push(place());
  }

  return {
    line(text, place) {
      if (/^\s*$/.test(text)) return;
      read += 1;
      const parsed = text.length > MAX_LINE_LENGTH ? undefined : parseLine(text);
      if (parsed === undefined) {
        countUnreadable(place);
        return;
      }
      const record = parsed === "foreign" ? undefined : readLoggedRecord(parsed.members);
      if (parsed === "foreign" || record === undefined) {
        foreign += 1;
        return;
      }
      if (!streams.add(record)) return;
      if (record.time < from || record.time >= to) {
        otherTime += 1;
        return;
      }
      records[parsed.schema] += 1;
      first = Math.min(first, record.time);
      last = Math.max(last, record.time);
      for (const section of ofTime) section.add(record);
    },
    unreadable(place) {
      read += 1;
      countUnreadable(place);
    },
    result() {
      const lines = { read, records, otherTime, foreign, unreadable, unreadablePlaces };
      return {
        lines,
        ...(first <= last && {
          first: new Date(first).toISOString(),
          last: new Date(last).toISOString(),
        }),
        traffic: traffic.result(),
        rankings: rankings.result(most),
        routes: routes.result(most),
        rehearsal: rehearsal.result(most),
        alerts: alerts.result(most),
        streams: streams.result(most),
        diary: diary.result(most),
      };
    },
  };
}
