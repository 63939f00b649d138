import { FrequentItems } from "../counts/frequent-items.js";
import { type Ranking, rankingOf } from "../counts/ranking.js";
import { textOf, textsOf, wholeOf } from "../records/logged-members.js";
import type { LoggedRecord } from "../records/logged-record.js";

/** What raised an alarm, and what browsers reported. */
export interface AlertSummary {
  readonly alerts: Ranking<AlertRow>;
  /** The newest ones, the last one first. */
  readonly latest: readonly RaisedAlert[];
  readonly browserReports: Ranking<object>;
  /** Reports of browsers that were counted only: known ones, ones beyond the bound, ones that are no reports. */
  readonly browserReportsCounted: number;
  /** The app's own events, and connections that were no requests. */
  readonly others: Ranking<OtherRow>;
}

interface AlertRow {
  /** AppSensor's id of the kind of attack. */
  readonly category: string;
  readonly severity: string;
  readonly first: string;
  readonly last: string;
}

/** One alert. */
interface RaisedAlert {
  readonly time: string;
  readonly rule: string;
  readonly severity: string;
  readonly event: string;
  /** Whom it is about: an address, a subject, a route. */
  readonly about: string;
  readonly count: number;
}

interface OtherRow {
  readonly severity: string;
  readonly outcome: string;
}

const MAX_RULES = 1000;
const MAX_REPORTS = 2000;
const MAX_LATEST = 1000;

/** Counts alerts by rule, reports of browsers, and other events. */
export function createAlertSection() {
  const alerts = new FrequentItems(MAX_RULES, () => ({
    category: "",
    severity: "",
    from: Number.POSITIVE_INFINITY,
    to: Number.NEGATIVE_INFINITY,
  }));
  const latest: { readonly at: number; readonly alert: RaisedAlert }[] = [];
  const browserReports = new FrequentItems(MAX_REPORTS, () => undefined);
  const others = new FrequentItems(MAX_RULES, () => ({ severity: "", outcome: "" }));
  let counted = 0;

  function addAlert(record: LoggedRecord): void {
    const { members, severity = "", time, event } = record;
    const rule = textOf(members, "security_rule.name") ?? "";
    // Some were not recorded, because there were too many.
    const detail = alerts.add(rule, 1 + (wholeOf(members, "audit.alert.suppressed") ?? 0));
    detail.category = textOf(members, "security_rule.category") ?? "";
    detail.severity = severity;
    detail.from = Math.min(detail.from, time);
    detail.to = Math.max(detail.to, time);
    const about = aboutOf(record);
    const count = wholeOf(members, "audit.alert.count") ?? 0;
    const told = { time: new Date(time).toISOString(), rule, severity, event, about, count };
    latest.push({ at: time, alert: told });
    // Sorted now and then only, so that it takes constant time on average.
    if (latest.length >= 2 * MAX_LATEST) shorten(latest);
  }

  return {
    add(record: LoggedRecord): void {
      const { kind, members } = record;
      if (kind === "alert") addAlert(record);
      if (kind === "event") {
        const detail = others.add(record.event, record.times);
        detail.severity = record.severity ?? "";
        detail.outcome = textOf(members, "audit.outcome") ?? "";
      }
      if (kind !== "request") return;
      for (const report of textsOf(members, "audit.reports.new")) browserReports.add(report);
      for (const name of COUNTED) counted += wholeOf(members, name) ?? 0;
    },
    result(most: number): AlertSummary {
      shorten(latest);
      return {
        alerts: rankingOf(alerts, most, ({ category, severity, from, to }) => ({
          category,
          severity,
          first: new Date(from).toISOString(),
          last: new Date(to).toISOString(),
        })),
        latest: latest.slice(0, most).map(({ alert }) => alert),
        browserReports: rankingOf(browserReports, most, () => ({})),
        browserReportsCounted: counted,
        others: rankingOf(others, most, (detail) => ({ ...detail })),
      };
    },
  };
}

const COUNTED = ["audit.reports.repeated", "audit.reports.dropped", "audit.reports.ignored"];

function aboutOf({ address, members, route }: LoggedRecord): string {
  const key = textOf(members, "audit.alert.key");
  const kind = textOf(members, "audit.alert.key_kind");
  if (kind === "all") return "all requests";
  if (key !== undefined) return kind === undefined || kind === "address" ? key : `${kind} ${key}`;
  const actor = textOf(members, "audit.actor.id");
  const isNamed = actor !== undefined && textOf(members, "audit.actor.type") !== "system";
  return address ?? (isNamed ? actor : route);
}

function shorten(latest: { readonly at: number; readonly alert: RaisedAlert }[]): void {
  latest.sort((one, other) => other.at - one.at);
  latest.length = Math.min(latest.length, MAX_LATEST);
}
