import type { RequestEnding } from "../../../audit-log/report/records/logged-record.js";
import type { Moment, Timeline } from "../../../audit-log/report/sections/traffic-section.js";
import { formatCount, formatWidth } from "./format-figure.js";
import { timeTicks } from "./time-ticks.js";

/** What a chart shows. */
export interface TimelineChart {
  /** Unique in the page. */
  readonly id: string;
  readonly title: string;
  /** The lowest first. */
  readonly endings: readonly RequestEnding[];
  /** Whether alerts are marked. */
  readonly alerts?: boolean;
}

/** In units of the drawing, which is stretched to the width of the page. Texts stand around it. */
const BAR = 10;
const HEIGHT = 100;
const GAP = 1.4;

/**
 * A chart of stretches of time side by side. It is one image for those who cannot see it, and the table of the same
 * numbers stands below.
 */
export function timelineChart(timeline: Timeline, chart: TimelineChart): string {
  const { id, title, endings } = chart;
  const { moments, widthSeconds } = timeline;
  const totals = moments.map((moment) => endings.reduce((sum, name) => sum + moment[name], 0));
  const most = Math.max(0, ...totals);
  const top = niceAbove(most);
  const peak = moments[totals.indexOf(most)];
  const description =
    most === 0 || peak === undefined
      ? "There were none."
      : `At most ${formatCount(most)} in ${aStretch(widthSeconds)}, at ${peak.start}. The table below has all numbers.`;
  const width = moments.length * BAR;
  return `<figure class="chart" id="${id}">
<figcaption>${title}${chart.alerts === true && moments.some(({ alerts }) => alerts > 0) ? ", alerts dashed" : ""} <span class="unit">per ${formatWidth(widthSeconds)}</span></figcaption>
<div class="plot">
<div class="scale" aria-hidden="true"><span>${formatCount(top)}</span><span>${top % 2 === 0 ? formatCount(top / 2) : ""}</span><span>0</span></div>
<svg viewBox="0 0 ${width} ${HEIGHT}" preserveAspectRatio="none" role="img" aria-labelledby="${id}-title ${id}-text">
<title id="${id}-title">${title} over time</title>
<desc id="${id}-text">${description}</desc>
<path class="grid" d="M0 0H${width}M0 ${HEIGHT / 2}H${width}M0 ${HEIGHT}H${width}"/>
${bars(moments, endings, top)}
${chart.alerts === true ? alertMarks(moments) : ""}${moments.map(hitOf).join("")}
</svg>
<div class="ticks" aria-hidden="true">${ticks(timeline)}</div>
</div>
</figure>`;
}

/** One path for each kind of ending. */
function bars(moments: readonly Moment[], endings: readonly RequestEnding[], top: number): string {
  const heights = new Float64Array(moments.length);
  return endings
    .map((ending) => {
      const path = moments.map((moment, index) => {
        if (moment[ending] === 0) return "";
        const height = (HEIGHT * moment[ending]) / top;
        const base = HEIGHT - (heights[index] ?? 0);
        heights[index] = (heights[index] ?? 0) + height;
        return `M${round(index * BAR + GAP / 2)} ${round(base)}h${BAR - GAP}v${round(-height)}h${-(BAR - GAP)}z`;
      });
      return `<path class="${ending}" d="${path.join("")}"/>`;
    })
    .join("\n");
}

function alertMarks(moments: readonly Moment[]): string {
  const marks = moments.map(({ alerts }, index) =>
    alerts === 0 ? "" : `M${index * BAR + BAR / 2} 0V${HEIGHT}`,
  );
  return marks.every((mark) => mark === "")
    ? ""
    : `<path class="alert-mark" d="${marks.join("")}"/>\n`;
}

/** Nothing that can be seen: what the pointer is on. */
function hitOf(_moment: Moment, index: number): string {
  return `<rect class="hit" x="${index * BAR}" width="${BAR}" height="${HEIGHT}"/>`;
}

/** Round times below the chart, where they belong. Those at its ends do not stand out of it. */
function ticks({ moments, widthSeconds }: Timeline): string {
  const [first] = moments;
  if (first === undefined) return "";
  const start = Date.parse(first.start);
  const end = start + moments.length * widthSeconds * 1000;
  const texts = timeTicks(start, end).map(({ place, text }) => {
    const anchor = place < 0.06 ? "start" : place > 0.94 ? "end" : "middle";
    return `<text x="${round(100 * place)}%" y="1em" text-anchor="${anchor}">${text}</text>`;
  });
  return `<svg>${texts.join("")}</svg>`;
}

function aStretch(seconds: number): string {
  const text = formatWidth(seconds);
  return /^\d/.test(text) ? text : `a ${text}`;
}

/** The next number of 1, 2, 4, 5 or 8 with zeros behind it: half of it is a number that can be read, too. */
function niceAbove(number: number): number {
  if (number <= 2) return 2;
  const power = 10 ** Math.floor(Math.log10(number));
  return [1, 2, 4, 5, 6, 8, 10].map((step) => step * power).find((one) => one >= number) ?? number;
}

function round(number: number): number {
  return Math.round(number * 100) / 100;
}
