import { DurationHistogram, type DurationPercentiles } from "../counts/duration-histogram.js";
import { countEnding, createEndingCounts, type EndingCounts } from "../counts/ending-counts.js";
import { FrequentItems } from "../counts/frequent-items.js";
import { type Ranked, type Ranking, rankingOf } from "../counts/ranking.js";
import { wholeOf } from "../records/logged-members.js";
import type { LoggedRecord } from "../records/logged-record.js";

/** How each route was used, and how long it took. */
export interface RouteSummary {
  readonly routes: Ranking<RouteRow>;
  /** Those with the most requests that failed on the server, however rarely they were used. */
  readonly failing: readonly (RouteRow & Ranked)[];
  /** Of all routes together. */
  readonly latency: DurationPercentiles | undefined;
}

/** Percentiles are in microseconds, and right within 2.2 %. */
interface RouteRow extends Readonly<EndingCounts> {
  readonly latency: DurationPercentiles | undefined;
}

const MAX_ROUTES = 1000;

/** Counts requests and durations by route. Durations of requests that were broken off are not among them. */
export function createRouteSection() {
  const all = new DurationHistogram();
  const routes = new FrequentItems(MAX_ROUTES, () => ({
    endings: createEndingCounts(),
    durations: new DurationHistogram(),
  }));

  return {
    add(record: LoggedRecord): void {
      if (record.requests === 0) return;
      const { endings, durations } = routes.add(record.route, record.requests);
      countEnding(endings, record);
      const duration = wholeOf(record.members, "duration_us");
      if (duration === undefined || record.ending === "unfinished") return;
      durations.add(duration);
      all.add(duration);
    },
    result(most: number): RouteSummary {
      const ranking = rankingOf(routes, MAX_ROUTES, ({ endings, durations }) => ({
        ...endings,
        latency: durations.percentiles(),
      }));
      return {
        routes: { ...ranking, rows: ranking.rows.slice(0, most) },
        failing: ranking.rows
          .filter(({ serverErrors }) => serverErrors > 0)
          .sort((one, other) => other.serverErrors - one.serverErrors)
          .slice(0, most),
        latency: all.percentiles(),
      };
    },
  };
}
