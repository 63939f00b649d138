import { type AuditReport, GENERATOR } from "../../../audit-log/report/audit-report.js";
import { htmlDocument } from "../../../core/markup/html-document.js";
import { escapeMarkup } from "../../../route-audit/formats/escape.js";
import { formatTime, formatValue } from "../elements/format-figure.js";
import { alertPart, reportModePart } from "./incident-part.js";
import { logPart } from "./log-part.js";
import { overviewPart } from "./overview-part.js";
import { SCRIPT, STYLE } from "./page-assets.js";
import { rankingPart } from "./ranking-part.js";
import { timePart } from "./time-part.js";

const MAX_SERVICES = 5;

/**
 * One page that needs nothing else, for people. Every text of the log in it was escaped by one function, and is never an
 * address, a style or a script; its own policy allows none but its own.
 */
export function formatReportPage(report: AuditReport): string {
  const { summary, chain, standsOut } = report;
  const title = escapeMarkup(report.title);
  const incident = reportModePart(summary.rehearsal);
  return htmlDocument({
    title,
    generator: GENERATOR,
    style: STYLE,
    script: SCRIPT,
    body: `<header>
<h1>${title}</h1>
<p class="period">${periodOf(report)}</p>
</header>
<nav aria-label="Parts of the report">
${[
  ["time", "When"],
  ["reasons", "Why"],
  ["routes", "Routes"],
  ["clients", "Who"],
  ["alerts", "Alerts"],
  ...(incident === "" ? [] : [["report-mode", "Report mode"]]),
  ["log", "Is the log whole?"],
]
  .map(([id, name]) => `<a href="#${id}">${name}</a>`)
  .join("\n")}
<label hidden>Find in all tables <input id="search" type="search" autocomplete="off" aria-keyshortcuts="/"></label>
</nav>
${overviewPart(summary, chain, standsOut)}${timePart(summary.traffic)}${rankingPart(summary)}${alertPart(summary.alerts)}${incident}${logPart(report)}<footer>
<p>All times are in UTC. Made at ${formatTime(report.generated)} by <code>${GENERATOR}</code> from the log alone, and nothing else. Lists show the ${report.top} most frequent.</p>
</footer>
`,
  });
}

function periodOf({ from, to, summary, files }: AuditReport): string {
  const { first, last } = summary;
  const found =
    first === undefined || last === undefined
      ? "No records"
      : `${formatTime(first)} to ${formatTime(last)} UTC`;
  const asked = [
    from === undefined ? "" : `from ${formatTime(from)}`,
    to === undefined ? "" : `before ${formatTime(to)}`,
  ].filter((part) => part !== "");
  const scope = asked.length === 0 ? "" : ` (asked for: ${asked.join(" ")})`;
  const services = summary.streams.services.slice(0, MAX_SERVICES).map(formatValue).join(", ");
  const source = files.length === 1 ? "one file" : `${files.length} files`;
  return `${found}${scope}, from ${source}${services === "" ? "" : `, written by ${services}`}`;
}
