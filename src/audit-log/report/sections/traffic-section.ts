import {
  countEnding,
  createEndingCounts,
  type EndingCounts,
  joinEndings,
  sumOf,
  troubleOf,
} from "../counts/ending-counts.js";
import { FrequentItems } from "../counts/frequent-items.js";
import { type TimeBucket, TimeBuckets } from "../counts/time-buckets.js";
import type { LoggedRecord } from "../records/logged-record.js";

/** How the requests ended, and when. */
export interface TrafficSummary {
  readonly requests: number;
  readonly endings: Readonly<EndingCounts>;
  /** By status of the answer; `none` where none was begun. */
  readonly statuses: readonly { readonly status: string; readonly count: number }[];
  readonly timeline: Timeline;
}

/** Stretches of time of one length, side by side. */
export interface Timeline {
  readonly widthSeconds: number;
  readonly moments: readonly Moment[];
  /** Requests in front of the first stretch and behind the last one: very few, and far off. */
  readonly outside: number;
}

/** What happened in one stretch of time. */
export interface Moment extends Readonly<EndingCounts> {
  readonly start: string;
  readonly alerts: number;
  /** Of its refusals and server errors: what a quarter of them had, or more. */
  readonly mostly: { readonly reason?: string; readonly route?: string; readonly client?: string };
}

interface MomentCounts {
  readonly endings: EndingCounts;
  alerts: number;
  trouble: Trouble | undefined;
}

interface Trouble {
  readonly reason: FrequentItems;
  readonly route: FrequentItems;
  readonly client: FrequentItems;
}

/** As many as can be told apart in a chart: a day in stretches of ten minutes. */
const MAX_MOMENTS = 150;
/** Kept while reading: a day in stretches of a minute, and times that lie far off. */
const MAX_BUCKETS = 2000;
const MAX_NAMES_PER_MOMENT = 24;
/** Of the refusals and failures of a moment: what fewer have in common is not worth a name. */
const MOSTLY = 0.25;
/** What lies outside of that much of all, at either end, may be left out of the chart when it makes it useless. */
const FRINGE = 0.0005;
const USELESS = 10;

/** Counts requests by their ending, their status and their time. */
export function createTrafficSection() {
  const endings = createEndingCounts();
  const statuses = new Map<string, number>();
  const buckets = new TimeBuckets(MAX_BUCKETS, createMoment, joinMoments);

  return {
    add(record: LoggedRecord): void {
      if (record.kind === "alert") buckets.at(record.time).alerts += 1;
      if (record.requests === 0) return;
      countEnding(endings, record);
      const status = statusOf(record);
      statuses.set(status, (statuses.get(status) ?? 0) + record.requests);
      countMoment(buckets.at(record.time), record);
    },
    result(): TrafficSummary {
      return {
        requests: sumOf(endings),
        endings,
        statuses: [...statuses]
          .sort(([one], [other]) => (one < other ? -1 : 1))
          .map(([status, count]) => ({ status, count })),
        timeline: timelineOf(buckets),
      };
    },
  };
}

function statusOf({ status }: LoggedRecord): string {
  if (status === undefined) return "none";
  return status >= 100 && status <= 599 ? String(status) : "other";
}

function createMoment(): MomentCounts {
  return { endings: createEndingCounts(), alerts: 0, trouble: undefined };
}

function createTrouble(): Trouble {
  const names = () => new FrequentItems(MAX_NAMES_PER_MOMENT, () => undefined);
  return { reason: names(), route: names(), client: names() };
}

function countMoment(moment: MomentCounts, record: LoggedRecord): void {
  countEnding(moment.endings, record);
  if (record.ending !== "refused" && record.ending !== "serverErrors") return;
  moment.trouble ??= createTrouble();
  const { reason, route, client } = moment.trouble;
  reason.add(record.cause, record.requests);
  route.add(record.route, record.requests);
  if (record.address !== undefined) client.add(record.address, record.requests);
}

function joinMoments(into: MomentCounts, from: MomentCounts): void {
  joinEndings(into.endings, from.endings);
  into.alerts += from.alerts;
  if (from.trouble === undefined) return;
  into.trouble ??= createTrouble();
  for (const name of ["reason", "route", "client"] as const) {
    for (const { key, count } of from.trouble[name].top(MAX_NAMES_PER_MOMENT)) {
      into.trouble[name].add(key, count);
    }
  }
}

function timelineOf(buckets: TimeBuckets<MomentCounts>): Timeline {
  const shown = rangeOf(buckets.list(), buckets.width);
  if (shown === undefined) return { widthSeconds: buckets.width / 1000, moments: [], outside: 0 };
  buckets.fit(shown.first, shown.last, MAX_MOMENTS);
  const byStart = new Map(buckets.list().map(({ start, counts }) => [start, counts]));
  const moments: Moment[] = [];
  let outside = 0;
  for (const { counts } of buckets.list()) outside += sumOf(counts.endings);
  const { width } = buckets;
  for (let start = Math.floor(shown.first / width) * width; start <= shown.last; start += width) {
    const counts = byStart.get(start) ?? createMoment();
    outside -= sumOf(counts.endings);
    moments.push(momentOf(start, counts));
  }
  return { widthSeconds: width / 1000, moments, outside };
}

/** All of the time, or where nearly everything happened when a few records lie so far off that nothing could be seen. */
function rangeOf(
  list: readonly TimeBucket<MomentCounts>[],
  width: number,
): { readonly first: number; readonly last: number } | undefined {
  const [first, last] = [list[0]?.start, list.at(-1)?.start];
  if (first === undefined || last === undefined) return undefined;
  const weights = list.map(({ counts }) => sumOf(counts.endings) + counts.alerts);
  const fringe = weights.reduce((sum, one) => sum + one, 0) * FRINGE;
  const inner = {
    first: startAfter(list, weights, fringe) ?? first,
    last: startAfter(list.toReversed(), weights.toReversed(), fringe) ?? last,
  };
  return last - first > USELESS * (inner.last - inner.first + width) ? inner : { first, last };
}

function startAfter(
  list: readonly TimeBucket<MomentCounts>[],
  weights: readonly number[],
  fringe: number,
): number | undefined {
  let passed = 0;
  return list.find((_, index) => {
    passed += weights[index] ?? 0;
    return passed > fringe;
  })?.start;
}

function momentOf(start: number, { endings, alerts, trouble }: MomentCounts): Moment {
  const enough = troubleOf(endings) * MOSTLY;
  const most = (names: FrequentItems | undefined): string | undefined => {
    const [item] = names?.top(1) ?? [];
    return item !== undefined && item.count >= enough ? item.key : undefined;
  };
  const [reason, route, client] = [trouble?.reason, trouble?.route, trouble?.client].map(most);
  return {
    start: new Date(start).toISOString(),
    ...endings,
    alerts,
    mostly: {
      ...(reason !== undefined && { reason }),
      ...(route !== undefined && { route }),
      ...(client !== undefined && { client }),
    },
  };
}
