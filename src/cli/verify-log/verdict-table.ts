import type { Finding, FindingVerdict } from "../../audit-log/verify/findings/finding.js";
import type { LogReport, StreamReport } from "../../audit-log/verify/log-report.js";
import { visible } from "../../route-audit/formats/escape.js";

/** Colours of the terminal's own palette: readable on light and on dark. */
const COLORS: Readonly<Record<FindingVerdict, number>> = { tampered: 31, incomplete: 33, note: 2 };
const GOOD = 32;
/** More streams are in the JSON. */
const MAX_STREAMS = 20;

/** For terminals. Without colours it says as much. */
export function formatVerdictTable(report: LogReport, color: boolean): string {
  const { findings, findingsLeftOut, streams } = report;
  const more =
    findingsLeftOut === 0
      ? []
      : [`${counted(findingsLeftOut, "more finding")} left out: see --max-findings.`];
  const sections = [
    verdictOf(report, color),
    ...(findings.length === 0
      ? ["Nothing found."]
      : findings.map((finding) => findingOf(finding, color))),
    ...more,
    ...(streams.length === 0 ? [] : [streamsOf(streams)]),
  ];
  return `${sections.join("\n\n")}\n`;
}

function verdictOf(report: LogReport, color: boolean): string {
  const { integrity, completeness, records, streams, files } = report;
  const integrityColor = integrity === "tampered" ? COLORS.tampered : COLORS.incomplete;
  const lines = [
    `Integrity:    ${paint(integrity, color, integrity === "intact" ? GOOD : integrityColor)}`,
    `Completeness: ${paint(completeness, color, completeness === "complete" ? GOOD : COLORS.incomplete)}`,
    `${counted(records, "record")} of ${counted(streams.length, "stream")} in ${counted(files.length, "file")}`,
  ];
  return [...lines, ...signatureNote(report)].join("\n");
}

/** What "unsigned" means here, because nobody should take it for more than it is. */
function signatureNote({ integrity, signaturesChecked, streams }: LogReport): readonly string[] {
  if (integrity === "intact") return [];
  if (signaturesChecked) {
    return integrity === "tampered" ? [] : ["Not every stream is vouched for by what was given."];
  }
  return [
    streams.some(({ checkpoints }) => checkpoints > 0)
      ? "Nobody's signature was checked: name the public key with --key."
      : "Nobody signed this log: whoever can write it anew can make its chain anew.",
  ];
}

function findingOf(
  { kind, verdict, message, stream, file, line }: Finding,
  color: boolean,
): string {
  const word = paint(verdict.padEnd(10), color, COLORS[verdict]);
  const place = file === undefined ? [] : [line === undefined ? file : `${file}:${line}`];
  return [
    `${word}  ${visible(message)} (${kind})`,
    ...place.map((one) => `            at:     ${visible(one)}`),
    ...(stream === undefined ? [] : [`            stream: ${visible(stream)}`]),
  ].join("\n");
}

/** Those that are not as they should be first. */
function streamsOf(streams: readonly StreamReport[]): string {
  const bad = streams.filter(isBad);
  const shown = [...bad, ...streams.filter((stream) => !isBad(stream))].slice(0, MAX_STREAMS);
  const rows = shown.map(
    ({ stream, integrity, completeness, records, first, last, sealedTo, closed }) =>
      `  ${visible(stream)}  ${integrity.padEnd(8)}  ${completeness.padEnd(10)}  ${counted(records, "record")}, ${first} to ${last}; ${
        sealedTo === 0 ? "not sealed" : `sealed to ${sealedTo}`
      }, ${closed ? "closed" : "not closed"}`,
  );
  const left = streams.length - shown.length;
  const more = left === 0 ? [] : [`  and ${count(left)} more`];
  return ["Streams:", ...rows, ...more].join("\n");
}

function isBad({ integrity, completeness }: StreamReport): boolean {
  return integrity === "tampered" || completeness === "incomplete";
}

function counted(number: number, what: string): string {
  return `${count(number)} ${what}${number === 1 ? "" : "s"}`;
}

function count(number: number): string {
  return number.toLocaleString("en-US");
}

function paint(text: string, color: boolean, code: number): string {
  return color ? `\u001b[${code}m${text}\u001b[0m` : text;
}
