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
/** A moment that had so much of all failures is told. */
const GATHERED = 0.25;
/** Names of rules in a sentence. */
const MAX_RULES = 4;
const CRITICAL = "CRITICAL";
const LEVELS: readonly Remark["level"][] = ["bad", "warn", "note", "good"];
/** In seconds. */
const MINUTE = 60;
const DAY = 86_400;

/**
 * What stands out, the gravest first. What is equally grave begins with whether the log can be believed, then what happened.
 */
export function standsOut(summary: LogSummary, chain: ChainStatus | undefined): readonly Remark[] {
  const remarks = [
    ...aboutChain(chain),
    ...aboutGaps(summary),
    ...aboutEnds(summary, chain),
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
  const isQuiet = remarks.every(({ part }) => part === "log") && summary.traffic.requests > 0;
  const all = isQuiet ? [...remarks, quiet] : remarks;
  return LEVELS.flatMap((level) => all.filter((one) => one.level === level));
}

function aboutChain(chain: ChainStatus | undefined): readonly Remark[] {
  if (chain === undefined) return [];
  const { integrity, completeness } = chain;
  const rest: Readonly<Record<ChainStatus["completeness"], string>> = {
    complete: " Nothing is missing.",
    open: " Nothing is missing but the end: it is still written, or was not closed.",
    incomplete: " It is not complete.",
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
  const { missing, lost, repeated, unmade } = streams;
  const found: Remark[] = [];
  if (missing > 0) {
    found.push(remark("bad", "log", `${count(missing, "record")} missing: the numbers have gaps.`));
  }
  if (lost > 0) {
    // What another sink has lost is nothing that is missing here.
    const isHere = missing > 0 || unmade > 0;
    found.push(
      remark(
        isHere ? "warn" : "note",
        "log",
        `The log says itself that it lost ${count(lost, "record")}${isHere ? "" : " in one of its sinks; the numbers in these files have no gap"}.`,
      ),
    );
  }
  if (repeated > 0) {
    found.push(
      remark(
        "warn",
        "log",
        `${count(repeated, "record")} more than numbers: some stand there twice, and are counted once.`,
      ),
    );
  }
  if (lines.unreadable > 0) {
    found.push(remark("warn", "log", `${count(lines.unreadable, "line")} could not be read.`));
  }
  return found;
}

/** A log that is still written has no end either: then the chain says so. */
function aboutEnds({ streams }: LogSummary, chain: ChainStatus | undefined): readonly Remark[] {
  const { open, count: all } = streams;
  if (open === 0 || chain?.completeness !== "incomplete") return [];
  return [
    remark(
      "note",
      "log",
      `${open.toLocaleString("en-US")} of ${count(all, "stream")} ${open === 1 ? "has" : "have"} no end: the process was killed, or still runs.`,
    ),
  ];
}

function aboutAlerts({ alerts: { alerts, latest } }: LogSummary): readonly Remark[] {
  const { total, rows } = alerts;
  if (total === 0) return [];
  const critical = rows.filter(({ severity }) => severity === CRITICAL);
  const told = critical.length === 0 ? rows : critical;
  const names = told.slice(0, MAX_RULES).map(({ name, count: times }) => `${name} (${times})`);
  const more = told.length > names.length ? " and others" : "";
  const word = critical.length === 0 ? "" : "critical are ";
  const newest = latest.find(({ severity }) => critical.length === 0 || severity === CRITICAL);
  const last =
    newest === undefined
      ? ""
      : `; the last of these is ${newest.rule} about ${newest.about}, at ${inWords(newest.time)}`;
  return [
    remark(
      critical.length === 0 ? "warn" : "bad",
      "alerts",
      `${count(total, "alert")}: ${word}${names.join(", ")}${more}${last}.`,
    ),
  ];
}

function aboutFailures({ traffic, routes, rankings }: LogSummary): readonly Remark[] {
  const { serverErrors } = traffic.endings;
  if (serverErrors === 0) return [];
  const [route] = routes.failing;
  const [why] = rankings.failures.rows;
  const most = route?.serverErrors === serverErrors ? "" : `most often (${route?.serverErrors}) `;
  const where = route === undefined ? "" : `, ${most}on ${route.name}`;
  const reason = why === undefined ? "" : `; the most frequent reason is ${why.reason}`;
  const width = widthInWords(traffic.timeline.widthSeconds);
  const [worst] = [...traffic.timeline.moments].sort(
    (one, other) => other.serverErrors - one.serverErrors,
  );
  const when =
    worst === undefined || worst.serverErrors < Math.max(2, serverErrors * GATHERED)
      ? ""
      : `; ${worst.serverErrors} in the ${width} from ${inWords(worst.start)}`;
  return [
    remark(
      "warn",
      "routes",
      `${count(serverErrors, "request")} failed on the server${where}${reason}${when}.`,
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
        `Refusals and failures peak at ${inWords(start)}: ${count(troubleOf(peak), "request")} in ${widthInWords(timeline.widthSeconds)}${mainly}.`,
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
    const time = `from ${inWords(client.first)} to ${inWords(client.last)}`;
    found.push(
      remark("warn", "clients", `${client.name} caused ${share} % of all refusals, ${time}.`),
    );
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

function widthInWords(seconds: number): string {
  if (seconds % DAY === 0) return count(seconds / DAY, "day");
  return seconds % MINUTE === 0 ? count(seconds / MINUTE, "minute") : count(seconds, "second");
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
