import type { AlertSummary } from "../../../audit-log/report/sections/alert-section.js";
import type { RehearsalSummary } from "../../../audit-log/report/sections/rehearsal-section.js";
import { countCell, dataTable } from "../elements/data-table.js";
import { formatCount, formatTime, formatValue } from "../elements/format-figure.js";
import { rankingNote, severityWord } from "./ranking-part.js";

/** Alerts, what browsers reported, and the app's own events. */
export function alertPart(summary: AlertSummary): string {
  const { alerts, latest, browserReports, browserReportsCounted, others } = summary;
  const more =
    browserReportsCounted === 0
      ? ""
      : `${formatCount(browserReportsCounted)} more were only counted: known ones, ones beyond the bound, and ones that are no reports.`;
  return `<section aria-labelledby="alerts">
<h2 id="alerts">Alerts and other events</h2>
${dataTable({
  id: "alert-rules",
  caption: "Alerts by rule",
  note: rankingNote(alerts),
  columns: [
    {
      name: "Rule",
      cell: ({ name, category }) => ({
        markup: `${formatValue(name)}${category === "" ? "" : `<small>${formatValue(category)}</small>`}`,
      }),
    },
    { name: "Alerts", numeric: true, cell: ({ count, error }) => countCell(count, error) },
    { name: "Severity", cell: ({ severity }) => ({ markup: severityWord(severity) }) },
    { name: "First", cell: ({ first }) => ({ markup: formatTime(first) }) },
    { name: "Last", cell: ({ last }) => ({ markup: formatTime(last) }) },
  ],
  rows: alerts.rows,
  empty: "None was raised.",
})}
${
  latest.length === 0
    ? ""
    : dataTable({
        id: "latest-alerts",
        caption: "The newest alerts",
        columns: [
          { name: "Time", cell: ({ time }) => ({ markup: formatTime(time) }) },
          { name: "Rule", cell: ({ rule }) => ({ markup: formatValue(rule) }) },
          { name: "About", cell: ({ about }) => ({ markup: formatValue(about) }) },
          { name: "Count", numeric: true, cell: ({ count }) => countCell(count) },
          { name: "Event", cell: ({ event }) => ({ markup: formatValue(event) }) },
          { name: "Severity", cell: ({ severity }) => ({ markup: severityWord(severity) }) },
        ],
        rows: latest,
        empty: "",
      })
}
<div class="columns">
<div>${dataTable({
    id: "other-events",
    caption: "Events of the app and of connections",
    note: rankingNote(others),
    columns: [
      { name: "Event", cell: ({ name }) => ({ markup: formatValue(name) }) },
      { name: "Count", numeric: true, cell: ({ count, error }) => countCell(count, error) },
      {
        name: "Last outcome",
        cell: ({ outcome }) => ({ markup: outcome === "" ? "–" : formatValue(outcome) }),
      },
    ],
    rows: others.rows,
    empty: "There were none.",
  })}</div>
<div>${dataTable({
    id: "browser-reports",
    caption: "What browsers reported",
    note: `${rankingNote(browserReports)} ${more}`,
    columns: [
      { name: "Report", cell: ({ name }) => ({ markup: formatValue(name) }) },
      { name: "Times", numeric: true, cell: ({ count, error }) => countCell(count, error) },
    ],
    rows: browserReports.rows,
    empty: "Nothing.",
  })}</div>
</div>
</section>
`;
}

/** What report mode let through: what would break if it ended now. */
export function reportModePart(summary: RehearsalSummary): string {
  const { requests, refusals, changes, reporting, unusedRows } = summary;
  const isUsed = requests > 0 || reporting.length > 0 || changes.total > 0 || unusedRows.length > 0;
  if (!isUsed) return "";
  const guards =
    reporting.length === 0
      ? ""
      : `<p>In report mode, as the log says: ${reporting.map(formatValue).join(", ")}.</p>`;
  return `<section aria-labelledby="report-mode">
<h2 id="report-mode">What would break if report mode ended</h2>
${guards}<p>${requests === 0 ? "No request would have been refused." : `${formatCount(requests)} requests would have been refused.`}</p>
${dataTable({
  id: "rehearsed",
  caption: "By route and reason",
  note: rankingNote(refusals),
  columns: [
    { name: "Route", cell: ({ route }) => ({ markup: formatValue(route) }) },
    {
      name: "Guard",
      cell: ({ guard, rule }) => ({
        markup: `${formatValue(guard)}${rule === "" ? "" : `<small>${formatValue(rule)}</small>`}`,
      }),
    },
    {
      name: "Reason",
      cell: ({ reason, code }) => ({
        markup: `${formatValue(reason)}${code === reason ? "" : `<small>${formatValue(code)}</small>`}`,
      }),
    },
    {
      name: "Answer",
      numeric: true,
      cell: ({ status }) => ({ markup: status === 0 ? "–" : String(status), number: status }),
    },
    { name: "Requests", numeric: true, cell: ({ count, error }) => countCell(count, error) },
  ],
  rows: refusals.rows,
  empty: "Nothing would break.",
})}
${
  changes.rows.length === 0
    ? ""
    : dataTable({
        id: "changes",
        caption: "What would change although nothing would be refused",
        note: rankingNote(changes),
        columns: [
          { name: "Change", cell: ({ name }) => ({ markup: formatValue(name) }) },
          { name: "Requests", numeric: true, cell: ({ count, error }) => countCell(count, error) },
        ],
        rows: changes.rows,
        empty: "",
      })
}${
  unusedRows.length === 0
    ? ""
    : `<h3 id="unused">Rows of a table of routes that no route belongs to</h3><ul class="files">${unusedRows.map((row) => `<li>${formatValue(row)}</li>`).join("")}</ul>`
}
</section>
`;
}
