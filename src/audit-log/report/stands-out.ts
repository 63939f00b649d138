import type { ChainStatus } from "./chain-status.js";
import { sumOf, troubleOf } from "./counts/ending-counts.js";
import type { LogSummary } from "./log-summary.js";
import type { Moment } from "./sections/traffic-section.js";

/** One thing that somebody should look at first. */
export interface Remark {
  readonly level: "bad" | "warn" | "note" | "good";
  /** A sentence. Names in it come from the log, as they stand there. */
  readonly text: string;
  /** The part of the page that tells more. */
  readonly part: "log" | "alerts" | "time" | "reasons" | "routes" | "clients" | "report-mode";
}

/** A peak stands out when it is so many times as high as a usual moment. */
const PEAK = 5;
const PEAK_LEAST = 20;
/** Of what the log says in its own words. */
const MAX_NOTICES = 3;
/** One client that causes so much of all refusals. */
const DOMINANT = 0.5;
const DOMINANT_LEAST = 20;

/** What stands out, in the order in which it matters: first whether the log can be believed, then what happened. */
export function standsOut(summary: LogSummary, chain: ChainStatus | undefined): readonly Remark[] {
  const remarks = [
    ...aboutChain(chain),
    ...aboutGaps(summary),
    ...aboutAlerts(summary),
    ...aboutFailures(summary),
    ...aboutRefusals(summary),
    ...aboutReportMode(summary),
  ];
  const quiet: Remark = {
    level: "good",
    text: "Nothing stands out: no server errors, no alerts, no unusual number of refusals.",
    part: "time",
  };
  return remarks.some(({ part }) => part !== "log") || summary.traffic.requests === 0
    ? remarks
    : [...remarks, quiet];
}

function aboutChain(chain: ChainStatus | undefined): readonly Remark[] {
  if (chain === undefined) return [];
  const { integrity, completeness } = chain;
  const rest: Readonly<Record<ChainStatus["completeness"], string>> = {
    complete: " Nothing is missing.",
    open: " Nothing is missing but the end: it is still written, or was not closed.",
    incomplete: " But it is not complete.",
  };
  switch (integrity) {
    case "tampered":
      return [
        remark("bad", "log", "The log was changed after it was written, or it is a forgery."),
      ];
    case "intact":
      return [
        remark(
          completeness === "incomplete" ? "warn" : "good",
          "log",
          `Every hash and every signature of the log is right.${rest[completeness]}`,
        ),
      ];
    case "unsigned":
      return [
        remark(
          completeness === "incomplete" ? "warn" : "note",
          "log",
          `Every hash of the log is right, but nobody’s signature was checked.${rest[completeness]}`,
        ),
      ];
    default:
      return [remark("note", "log", "The records have no hash chain: changes cannot be seen.")];
  }
}

function aboutGaps({ streams, lines }: LogSummary): readonly Remark[] {
  const { missing, lost, repeated } = streams;
  const found: Remark[] = [];
  if (missing > 0) {
    found.push(remark("bad", "log", `${count(missing, "record")} missing: the numbers have gaps.`));
  }
  if (lost > 0) {
    found.push(remark("warn", "log", `The log says itself that it lost ${count(lost, "record")}.`));
  }
  if (repeated > 0) {
    found.push(
      remark(
        "warn",
        "log",
        `${count(repeated, "record")} more than numbers: some stand there twice, and are counted twice.`,
      ),
    );
  }
  if (lines.unreadable > 0) {
    found.push(remark("warn", "log", `${count(lines.unreadable, "line")} could not be read.`));
  }
  return found;
}

function aboutAlerts({ alerts: { alerts, latest } }: LogSummary): readonly Remark[] {
  const { total, rows } = alerts;
  const [most] = rows;
  if (total === 0 || most === undefined) return [];
  const [newest] = latest;
  const worst = rows.some(({ severity }) => severity === "CRITICAL") ? "bad" : "warn";
  return [
    remark(
      worst,
      "alerts",
      `${count(total, "alert")}, most often ${most.name} (${most.count})${newest === undefined ? "" : `; the last one is about ${newest.about}, at ${inWords(newest.time)}`}.`,
    ),
  ];
}

function aboutFailures({ traffic, routes, rankings }: LogSummary): readonly Remark[] {
  const { serverErrors } = traffic.endings;
  if (serverErrors === 0) return [];
  const [route] = routes.routes.rows
    .filter((row) => row.serverErrors > 0)
    .sort((one, other) => other.serverErrors - one.serverErrors);
  const most = route?.serverErrors === serverErrors ? "" : `most of them (${route?.serverErrors}) `;
  const where = route === undefined ? "" : `, ${most}on ${route.name}`;
  const [outage] = rankings.reasons.rows.filter(({ event }) => event === "api_request");
  const why = outage === undefined ? "" : `; the most frequent reason is ${outage.reason}`;
  return [
    remark(
      "warn",
      "routes",
      `${count(serverErrors, "request")} failed on the server${where}${why}.`,
    ),
  ];
}

function aboutRefusals({ traffic, rankings }: LogSummary): readonly Remark[] {
  const { timeline, endings } = traffic;
  const found: Remark[] = [];
  const peak = peakOf(timeline.moments);
  if (peak !== undefined) {
    const { start, mostly } = peak;
    const about = [
      mostly.reason,
      mostly.route === undefined ? undefined : `on ${mostly.route}`,
      mostly.client === undefined ? undefined : `from ${mostly.client}`,
    ].filter((part) => part !== undefined);
    const mainly = about.length === 0 ? "" : `, mostly ${about.join(" ")}`;
    found.push(
      remark(
        "warn",
        "time",
        `Refusals and failures peak at ${inWords(start)}: ${troubleOf(peak)} in ${timeline.widthSeconds} seconds${mainly}.`,
      ),
    );
  }
  const [client] = rankings.refusedAddresses.rows;
  if (
    client !== undefined &&
    client.count >= DOMINANT_LEAST &&
    client.count >= endings.refused * DOMINANT
  ) {
    const share = Math.round((100 * client.count) / endings.refused);
    found.push(remark("warn", "clients", `${client.name} caused ${share} % of all refusals.`));
  }
  return found;
}

/** The worst moment, if it is far worse than the one in the middle. */
function peakOf(moments: readonly Moment[]): Moment | undefined {
  const sorted = moments
    .filter((moment) => sumOf(moment) > 0)
    .sort((one, other) => troubleOf(other) - troubleOf(one));
  const [worst] = sorted;
  const usual = sorted[sorted.length >> 1];
  if (worst === undefined || usual === undefined || sorted.length < PEAK) return undefined;
  return troubleOf(worst) >= Math.max(PEAK_LEAST, PEAK * troubleOf(usual)) ? worst : undefined;
}

function aboutReportMode({ rehearsal, diary }: LogSummary): readonly Remark[] {
  const { requests, refusals } = rehearsal;
  const [most] = refusals.rows;
  const found = diary.notices
    .slice(0, MAX_NOTICES)
    .map((notice) => remark("warn", "log", `The log says: “${notice}”`));
  if (requests === 0 || most === undefined) return found;
  return [
    ...found,
    remark(
      "warn",
      "report-mode",
      `${count(requests, "request")} would have been refused if report mode had been off, most often on ${most.route}: ${most.reason}.`,
    ),
  ];
}

function inWords(iso: string): string {
  return `${iso.slice(0, 10)} ${iso.slice(11, 19)} UTC`;
}

function remark(level: Remark["level"], part: Remark["part"], text: string): Remark {
  return { level, part, text };
}

function count(number: number, noun: string): string {
  return `${number.toLocaleString("en-US")} ${noun}${number === 1 ? "" : "s"}`;
}
