import { ENDINGS, sumOf, troubleOf } from "../../../audit-log/report/counts/ending-counts.js";
import type { RequestEnding } from "../../../audit-log/report/records/logged-record.js";
import type { Moment, TrafficSummary } from "../../../audit-log/report/sections/traffic-section.js";
import {
  countCell,
  dataTable,
  numberColumn,
  plainBar,
  type TableColumn,
} from "../elements/data-table.js";
import {
  formatCount,
  formatShare,
  formatTime,
  formatValue,
  formatWidth,
} from "../elements/format-figure.js";
import { timelineChart } from "../elements/timeline-chart.js";

/** How the endings of requests are called. */
const ENDING_WORDS: Readonly<Record<RequestEnding, string>> = {
  succeeded: "Succeeded",
  clientErrors: "Other 4xx",
  refused: "Refused",
  serverErrors: "Failed",
  unfinished: "Broken off",
};

const PEAKS = 5;

const COLUMNS: readonly TableColumn<Moment>[] = [
  { name: "From", cell: ({ start }) => ({ markup: formatTime(start) }) },
  numberColumn("Refused", "refused"),
  numberColumn("Failed", "serverErrors"),
  named("Mostly", ({ mostly }) => mostly.reason),
  named("On", ({ mostly }) => mostly.route),
  named("By", ({ mostly }) => mostly.client),
  { name: "Requests", numeric: true, cell: (moment) => countCell(sumOf(moment)) },
  numberColumn("Succeeded", "succeeded"),
  numberColumn("Other 4xx", "clientErrors"),
  numberColumn("Broken off", "unfinished"),
  numberColumn("Alerts", "alerts"),
];

/** Requests over time: two charts, the worst moments, every moment, and the statuses. */
export function timePart(traffic: TrafficSummary): string {
  const { timeline, requests } = traffic;
  const { moments, widthSeconds, outside } = timeline;
  const stretch = formatWidth(widthSeconds);
  const legend = ENDINGS.map(
    (ending) =>
      `<li><svg viewBox="0 0 1 1" aria-hidden="true"><rect class="${ending}" width="1" height="1"/></svg>${ENDING_WORDS[ending]} ${formatCount(traffic.endings[ending])} <span class="unit">(${formatShare(traffic.endings[ending], requests)})</span></li>`,
  );
  const peaks = moments
    .filter((moment) => troubleOf(moment) > 0)
    .sort((one, other) => troubleOf(other) - troubleOf(one))
    .slice(0, PEAKS);
  return `<section aria-labelledby="time">
<h2 id="time">What happened when</h2>
<ul class="legend">${legend.join("")}</ul>
${timelineChart(timeline, { id: "chart-all", title: "All requests", endings: [...ENDINGS].reverse() })}
${timelineChart(timeline, { id: "chart-refused", title: "Refused", endings: ["refused"], alerts: true })}
${timelineChart(timeline, { id: "chart-failed", title: "Failed on the server", endings: ["serverErrors"] })}
<p id="readout" aria-live="polite" hidden>Point at a bar, or move with the arrow keys, to read its numbers; click or press Enter to find it in the table.</p>
${outside === 0 ? "" : `<p class="note">${formatCount(outside)} requests are not in the charts: their times lie far off. They are counted everywhere else.</p>`}
${dataTable({
  id: "peaks",
  caption: "The worst moments",
  note: `A moment is ${/^\d/.test(stretch) ? stretch : `one ${stretch}`} long. “Mostly”, “On” and “By” are the most frequent reason, route and address of its refusals and failures, where a quarter of them or more have it.`,
  columns: COLUMNS,
  rows: peaks,
  empty: "Nothing was refused, and nothing failed.",
})}
<details id="moments-table"><summary>All numbers of the charts</summary>
${dataTable({
  id: "moments",
  caption: `Every ${stretch}, in UTC`,
  columns: COLUMNS,
  rows: moments,
  empty: "There were no requests.",
}).replace('class="scroll"', 'class="scroll tall"')}
</details>
<div class="small">${dataTable({
    id: "statuses",
    caption: "Statuses of the answers",
    columns: [
      { name: "Status", cell: ({ status }) => ({ markup: status }) },
      numberColumn("Requests", "count"),
      {
        name: "Share",
        cell: ({ count }) => ({ markup: plainBar(count, requests), number: count }),
      },
    ],
    rows: traffic.statuses,
    empty: "There were no requests.",
  })}</div>
</section>
`;
}

function named(name: string, read: (moment: Moment) => string | undefined): TableColumn<Moment> {
  return {
    name,
    cell: (moment) => {
      const text = read(moment);
      return { markup: text === undefined ? "–" : formatValue(text) };
    },
  };
}
