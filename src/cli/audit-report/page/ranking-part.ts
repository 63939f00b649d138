import type { EndingCounts } from "../../../audit-log/report/counts/ending-counts.js";
import type { Ranked, Ranking } from "../../../audit-log/report/counts/ranking.js";
import type { LogSummary } from "../../../audit-log/report/log-summary.js";
import {
  countCell,
  dataTable,
  endingsBar,
  longestOf,
  numberColumn,
  plainBar,
  type TableColumn,
} from "../elements/data-table.js";
import { formatCount, formatDuration, formatTime, formatValue } from "../elements/format-figure.js";

type RouteRow = LogSummary["routes"]["failing"][number];
type Counted = Ranked & EndingCounts & { readonly first: string; readonly last: string };

/** Why requests were refused, by which guards, on which routes, and whose they were. */
export function rankingPart(summary: LogSummary): string {
  return `${whyPart(summary)}${routePart(summary)}${clientPart(summary)}`;
}

/** How many kinds there are, and how exact the numbers of a ranking are. */
export function rankingNote(ranking: Ranking<object>): string {
  const { rows, kinds, exact } = ranking;
  const shown =
    kinds > rows.length
      ? `The ${formatCount(rows.length)} most frequent of ${exact ? "" : "more than "}${formatCount(kinds)}.`
      : "";
  const error = rows.reduce((most, row) => Math.max(most, row.error), 0);
  if (exact) return shown;
  return `${shown} There were too many to count each of them: a number is exact, or with ≥ too low by at most ${formatCount(error)}.`;
}

function whyPart({ rankings }: LogSummary): string {
  const { reasons, guards, events } = rankings;
  const longest = reasons.rows[0]?.count ?? 1;
  return `<section aria-labelledby="reasons">
<h2 id="reasons">Why requests were refused or failed</h2>
${dataTable({
  id: "reason-list",
  caption: "Reasons",
  note: rankingNote(reasons),
  columns: [
    {
      name: "Reason",
      cell: ({ reason, event }) => ({
        markup: `${formatValue(reason)}<small>${formatValue(event)}</small>`,
      }),
    },
    counted("Requests"),
    { name: "", cell: ({ count }) => ({ markup: plainBar(count, longest), number: count }) },
    { name: "First", cell: ({ first }) => ({ markup: formatTime(first) }) },
    { name: "Last", cell: ({ last }) => ({ markup: formatTime(last) }) },
  ],
  rows: reasons.rows,
  empty: "Nothing was refused, and nothing failed.",
})}
<div class="columns">
<div>${dataTable({
    id: "guards",
    caption: "Guards and what they decided",
    note: rankingNote(guards),
    columns: [
      { name: "Guard", cell: ({ name }) => ({ markup: formatValue(name) }) },
      numberColumn("Allowed", "allowed"),
      numberColumn("Denied", "denied"),
      numberColumn("Could not decide", "failed"),
      numberColumn("Reported", "reported"),
    ],
    rows: guards.rows,
    empty: "No guard decided anything.",
  })}</div>
<div>${dataTable({
    id: "events",
    caption: "Events",
    note: rankingNote(events),
    columns: [
      { name: "Event", cell: ({ name }) => ({ markup: formatValue(name) }) },
      counted("Count"),
      { name: "Severity", cell: ({ severity }) => ({ markup: severityWord(severity) }) },
    ],
    rows: events.rows,
    empty: "There were none.",
  })}</div>
</div>
</section>
`;
}

function routePart({ routes: { routes, failing } }: LogSummary): string {
  return `<section aria-labelledby="routes">
<h2 id="routes">Routes</h2>
${dataTable({
  id: "route-list",
  caption: "How they were used, and how long they took",
  note: `${rankingNote(routes)} Half of the requests were faster than p50, 95 % faster than p95, 99 % faster than p99. These three are right within 2.2 %; the maximum is exact. Requests that were broken off are not among them.`,
  columns: routeColumns(routes.rows),
  rows: routes.rows,
  empty: "There were no requests.",
})}
${
  failing.length === 0
    ? ""
    : dataTable({
        id: "failing-routes",
        caption: "Where requests failed on the server",
        note: "The routes with the most failures, however rarely they were used.",
        columns: routeColumns(failing),
        rows: failing,
        empty: "",
      })
}
</section>
`;
}

function routeColumns(rows: LogSummary["routes"]["failing"]): readonly TableColumn<RouteRow>[] {
  const longest = longestOf(rows);
  const latency = (name: string, part: "p50" | "p95" | "p99" | "max"): TableColumn<RouteRow> => ({
    name,
    numeric: true,
    cell: ({ latency: found }) =>
      found === undefined
        ? { markup: "–", number: -1 }
        : { markup: formatDuration(found[part]), number: found[part] },
  });
  return [
    { name: "Route", cell: ({ name }) => ({ markup: formatValue(name) }) },
    counted("Requests"),
    { name: "", cell: (row) => ({ markup: endingsBar(row, longest), number: row.count }) },
    numberColumn("Refused", "refused"),
    numberColumn("Failed", "serverErrors"),
    latency("p50", "p50"),
    latency("p95", "p95"),
    latency("p99", "p99"),
    latency("Maximum", "max"),
  ];
}

function clientPart({ rankings }: LogSummary): string {
  const { refusedAddresses, networks, actors } = rankings;
  return `<section aria-labelledby="clients">
<h2 id="clients">Who it was</h2>
${dataTable({
  id: "addresses",
  caption: "Addresses that were refused",
  note: rankingNote(refusedAddresses),
  columns: [
    { name: "Address", cell: ({ name }) => ({ markup: formatValue(name) }) },
    counted("Refused"),
    { name: "Last reason", cell: ({ reason }) => ({ markup: reasonOf(reason) }) },
    ...spanColumns(),
  ],
  rows: refusedAddresses.rows,
  empty: "None was refused.",
})}
${dataTable({
  id: "networks",
  caption: "Networks with the most requests",
  note: `${rankingNote(networks)} Records of requests that succeeded have only the network: /24, or /48 of IPv6.`,
  columns: [
    { name: "Network", cell: ({ name }) => ({ markup: formatValue(name) }) },
    ...usageColumns(networks.rows),
    ...spanColumns(),
  ],
  rows: networks.rows,
  empty: "No record has an address.",
})}
${dataTable({
  id: "actors",
  caption: "Principals with the most requests",
  note: rankingNote(actors),
  columns: [
    {
      name: "Principal",
      cell: ({ id, type, clientId }) => ({
        markup: `${formatValue(id)}<small>${[type, clientId === "" ? "" : `by ${clientId}`]
          .filter((part) => part !== "")
          .map(formatValue)
          .join(" ")}</small>`,
      }),
    },
    ...usageColumns(actors.rows),
    { name: "Last reason", cell: ({ reason }) => ({ markup: reasonOf(reason) }) },
    ...spanColumns(),
  ],
  rows: actors.rows,
  empty: "No record has a principal.",
})}
</section>
`;
}

function usageColumns(rows: readonly Counted[]): readonly TableColumn<Counted>[] {
  const longest = longestOf(rows);
  return [
    counted("Requests"),
    { name: "", cell: (row) => ({ markup: endingsBar(row, longest), number: row.count }) },
    numberColumn("Refused", "refused"),
    numberColumn("Failed", "serverErrors"),
  ];
}

function spanColumns(): readonly TableColumn<Counted>[] {
  return [
    { name: "First", cell: ({ first }) => ({ markup: formatTime(first) }) },
    { name: "Last", cell: ({ last }) => ({ markup: formatTime(last) }) },
  ];
}

function reasonOf(reason: string): string {
  return reason === "" ? "–" : formatValue(reason);
}

/** A severity in the colour that it has everywhere in the page. */
export function severityWord(severity: string): string {
  const tones: Readonly<Record<string, string>> = { CRITICAL: "bad", ERROR: "bad", WARN: "warn" };
  const tone = Object.hasOwn(tones, severity) ? ` class="word ${tones[severity]}"` : "";
  return severity === "" ? "–" : `<span${tone}>${formatValue(severity)}</span>`;
}

function counted<Row extends Ranked>(name: string): TableColumn<Row> {
  return { name, numeric: true, cell: ({ count, error }) => countCell(count, error) };
}
