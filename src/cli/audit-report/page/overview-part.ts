import type { ChainStatus } from "../../../audit-log/report/chain-status.js";
import type { LogSummary } from "../../../audit-log/report/log-summary.js";
import type { Remark } from "../../../audit-log/report/stands-out.js";
import { escapeMarkup } from "../../../route-audit/formats/escape.js";
import { formatCount, formatDuration, formatShare } from "../elements/format-figure.js";

type Tone = "bad" | "warn" | "good" | "";

const WORDS: Readonly<Record<Remark["level"], string>> = {
  bad: "Alarm",
  warn: "Look",
  note: "Note",
  good: "Good",
};

/** The few numbers that are asked for first, and what stands out. */
export function overviewPart(
  summary: LogSummary,
  chain: ChainStatus | undefined,
  remarks: readonly Remark[],
): string {
  return `<ul class="tiles">
${tiles(summary, chain).join("\n")}
</ul>
<section aria-labelledby="stands-out">
<h2 id="stands-out">What stands out</h2>
${remarks.length === 0 ? '<p class="none">There are no requests in this log and time.</p>' : `<ul class="remarks">\n${remarks.map(remarkOf).join("\n")}\n</ul>`}
</section>
`;
}

function tiles(summary: LogSummary, chain: ChainStatus | undefined): readonly string[] {
  const { traffic, routes, alerts, streams, rankings } = summary;
  const { requests, endings } = traffic;
  const [reason] = rankings.reasons.rows.filter(({ event }) => event !== "api_request");
  const [failing] = routes.failing;
  const alerted = alerts.alerts.total;
  const gone = streams.missing + streams.lost;
  return [
    tile(
      "Requests",
      formatCount(requests),
      `${formatShare(endings.succeeded, requests)} succeeded`,
    ),
    tile(
      "Refused",
      formatCount(endings.refused),
      reason === undefined || endings.refused === 0
        ? formatShare(endings.refused, requests)
        : `${formatShare(endings.refused, requests)}, most: ${escapeMarkup(reason.reason)}`,
    ),
    tile(
      "Server errors",
      formatCount(endings.serverErrors),
      failing === undefined
        ? formatShare(endings.serverErrors, requests)
        : `${formatShare(endings.serverErrors, requests)}, most: ${escapeMarkup(failing.name)}`,
      endings.serverErrors === 0 ? "good" : "warn",
    ),
    tile(
      "Latency, p95",
      routes.latency === undefined ? "–" : formatDuration(routes.latency.p95),
      routes.latency === undefined
        ? "no durations"
        : `p50 ${formatDuration(routes.latency.p50)}, p99 ${formatDuration(routes.latency.p99)}`,
    ),
    tile(
      "Alerts",
      formatCount(alerted),
      alerted === 0
        ? "none was raised"
        : alerts.alerts.kinds === 1
          ? "by one rule"
          : `by ${formatCount(alerts.alerts.kinds)} rules`,
      alerted === 0 ? "good" : "bad",
    ),
    tile(
      "Missing records",
      formatCount(streams.missing),
      streams.lost === 0
        ? "the log tells of no loss"
        : `the log tells of ${formatCount(streams.lost)}`,
      gone === 0 ? "good" : streams.missing > 0 ? "bad" : "warn",
    ),
    chainTile(chain),
  ];
}

function chainTile(chain: ChainStatus | undefined): string {
  if (chain === undefined) return tile("Hash chain", "–", "was not checked");
  const { integrity, completeness } = chain;
  const words: Readonly<Record<ChainStatus["integrity"], string>> = {
    intact: "intact",
    tampered: "TAMPERED",
    unsigned: "unsigned",
    unchained: "none",
  };
  const more: Readonly<Record<ChainStatus["completeness"], string>> = {
    complete: "complete",
    open: "still open",
    incomplete: "not complete",
  };
  const tone = integrity === "intact" ? "good" : "";
  const worse = completeness === "incomplete" && integrity !== "unchained" ? "warn" : tone;
  return tile(
    "Hash chain",
    words[integrity],
    integrity === "unchained" ? "changes cannot be seen" : more[completeness],
    integrity === "tampered" ? "bad" : worse,
  );
}

function tile(label: string, value: string, more: string, tone: Tone = ""): string {
  return `<li${tone === "" ? "" : ` class="${tone}"`}><span class="label">${label}</span><strong${/^[a-z]/i.test(value) ? ' class="text"' : ""}>${value}</strong><span class="more">${more}</span></li>`;
}

function remarkOf({ level, text, part }: Remark): string {
  return `<li class="${level}"><b class="${level}">${WORDS[level]}</b>${escapeMarkup(text)} <a href="#${part}">More</a></li>`;
}
