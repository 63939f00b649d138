import type { AuditReport, LogInput } from "../../../audit-log/report/audit-report.js";
import type { ChainFinding, ChainStatus } from "../../../audit-log/report/chain-status.js";
import type { LogSummary } from "../../../audit-log/report/log-summary.js";
import { escapeMarkup } from "../../../route-audit/formats/escape.js";
import { countCell, dataTable } from "../elements/data-table.js";
import { formatCount, formatTime, formatValue } from "../elements/format-figure.js";

/** Whether the log is whole: its chain, its streams, its losses, and the files. */
export function logPart({ summary, chain, files }: AuditReport): string {
  return `<section aria-labelledby="log">
<h2 id="log">Is the log whole?</h2>
${chainPart(chain)}
${streamPart(summary)}
${diaryPart(summary)}
${filePart(files, summary)}
</section>
`;
}

const INTEGRITY: Readonly<Record<ChainStatus["integrity"], string>> = {
  intact: "Every hash and every signature is right.",
  tampered: "The log was changed after it was written, or it is a forgery.",
  unsigned: "Every hash is right, but no key was given, so nobody’s signature was checked.",
  unchained: "The records have no hash chain, so that changes cannot be seen.",
};
const COMPLETENESS: Readonly<Record<ChainStatus["completeness"], string>> = {
  complete: "Nothing is missing.",
  open: "Nothing is missing but the end: the log is still written, or was not closed.",
  incomplete: "Something is missing.",
};
const TONES: Readonly<Record<ChainFinding["verdict"], string>> = {
  tampered: "bad",
  incomplete: "warn",
  note: "",
};

function chainPart(chain: ChainStatus | undefined): string {
  if (chain === undefined) {
    return '<p><span class="word">The hash chain was not checked.</span></p>';
  }
  const { integrity, completeness, streams, findings, moreFindings } = chain;
  const tone = integrity === "tampered" ? " bad" : integrity === "intact" ? " good" : "";
  const whole = integrity === "unchained" ? "" : ` ${COMPLETENESS[completeness]}`;
  const more =
    moreFindings === 0
      ? ""
      : `${formatCount(moreFindings)} more are not shown: verify-log lists them.`;
  return `<p><span class="word${tone}">Hash chain: ${integrity}.</span> ${INTEGRITY[integrity]}${whole} Streams: ${formatCount(streams)}.</p>
${dataTable({
  id: "chain-findings",
  caption: "What the verifier found",
  note: more,
  columns: [
    {
      name: "Finding",
      cell: ({ kind, verdict }) => ({
        markup: `<span class="word ${TONES[verdict]}">${formatValue(kind)}</span><small>${verdict}</small>`,
      }),
    },
    { name: "What it means", cell: ({ message }) => ({ markup: escapeMarkup(message) }) },
    { name: "Where", cell: ({ place }) => ({ markup: place === "" ? "–" : formatValue(place) }) },
    {
      name: "Stream",
      cell: ({ stream }) => ({ markup: stream === "" ? "–" : formatValue(stream) }),
    },
  ],
  rows: findings,
  empty: "Nothing.",
})}`;
}

function streamPart({ streams }: LogSummary): string {
  const { count, beyond, open } = streams;
  const more =
    count > streams.streams.length
      ? `The newest ${streams.streams.length} of ${formatCount(count)}. `
      : "";
  const rest =
    beyond === 0 ? "" : ` ${formatCount(beyond)} records belong to no stream that is counted here.`;
  return dataTable({
    id: "streams",
    caption: "Streams",
    note: `${more}A stream is what one process wrote from its start to its end. Numbers count all records in the files, whatever time was asked for. ${formatCount(open)} of ${formatCount(count)} have no end: the process still runs, or was killed.${rest}`,
    columns: [
      {
        name: "Stream",
        cell: ({ stream, service }) => ({
          markup: `${formatValue(stream)}${service === "" ? "" : `<small>${formatValue(service)}</small>`}`,
        }),
      },
      { name: "First", cell: ({ first }) => ({ markup: formatTime(first) }) },
      { name: "Last", cell: ({ last }) => ({ markup: formatTime(last) }) },
      {
        name: "Numbers",
        numeric: true,
        cell: ({ firstNumber, lastNumber }) => ({
          markup: `${formatCount(firstNumber)}–${formatCount(lastNumber)}`,
          number: lastNumber,
        }),
      },
      { name: "Missing", numeric: true, cell: ({ missing }) => gap(missing) },
      { name: "Told as lost", numeric: true, cell: ({ lost }) => gap(lost) },
      { name: "Sampled out", numeric: true, cell: ({ sampledOut }) => countCell(sampledOut) },
      { name: "End", cell: ({ closed }) => ({ markup: closed ? "closed" : "none" }) },
    ],
    rows: streams.streams,
    empty: "No record has a number.",
  });
}

function diaryPart({ diary, streams }: LogSummary): string {
  const { starts, ends, checkpoints, rotations, aggregated, repeatRecords } = diary;
  const facts = [
    `${formatCount(starts)} starts`,
    `${formatCount(ends)} ends`,
    `${formatCount(checkpoints)} checkpoints`,
    `${formatCount(rotations)} rotations`,
  ];
  const shared =
    aggregated === 0
      ? ""
      : ` ${formatCount(aggregated)} requests share ${formatCount(repeatRecords)} records, because they were refused alike. They are counted everywhere.`;
  const sampled =
    streams.sampledOut === 0
      ? ""
      : ` ${formatCount(streams.sampledOut)} requests that succeeded have no record on purpose (sampling). They are counted nowhere else here.`;
  return dataTable({
    id: "diary",
    caption: "What the log says about itself",
    note: `${facts.join(", ")}.${shared}${sampled}`,
    columns: [
      { name: "Time", cell: ({ time }) => ({ markup: formatTime(time) }) },
      { name: "Event", cell: ({ event }) => ({ markup: formatValue(event) }) },
      { name: "What", cell: ({ text }) => ({ markup: escapeMarkup(text) }) },
      {
        name: "Service",
        cell: ({ service }) => ({ markup: service === "" ? "–" : formatValue(service) }),
      },
    ],
    rows: diary.entries,
    empty: "Nothing in this time.",
  });
}

function filePart(files: readonly LogInput[], { lines }: LogSummary): string {
  const { records, otherTime, foreign, unreadable, unreadablePlaces } = lines;
  const counted = Object.entries(records)
    .filter(([, count]) => count > 0)
    .map(([schema, count]) => `${formatCount(count)} records (${schema})`);
  const facts = [
    ...counted,
    ...(otherTime > 0 ? [`${formatCount(otherTime)} records of another time`] : []),
    ...(foreign > 0 ? [`${formatCount(foreign)} lines that are no records of auditLog`] : []),
    ...(unreadable > 0 ? [`${formatCount(unreadable)} lines that cannot be read`] : []),
  ];
  const places =
    unreadablePlaces.length === 0
      ? ""
      : `<p class="note">Not readable: ${unreadablePlaces.map(formatValue).join(", ")}${unreadable > unreadablePlaces.length ? " …" : ""}</p>`;
  return `${dataTable({
    id: "files",
    caption: "Files",
    note: facts.length === 0 ? "They have no lines." : `In them: ${facts.join(", ")}.`,
    columns: [
      {
        name: "File",
        cell: ({ file }) => ({ markup: file === "-" ? "standard input" : formatValue(file) }),
      },
      { name: "Lines", numeric: true, cell: (one) => countCell(one.lines) },
      { name: "Bytes", numeric: true, cell: ({ bytes }) => countCell(bytes) },
      { name: "Notes", cell: (one) => ({ markup: notesOf(one) }) },
    ],
    rows: files,
    empty: "None.",
  })}${places}`;
}

function gap(count: number): { readonly markup: string; readonly number: number } {
  return {
    markup:
      count === 0
        ? '<span class="zero">0</span>'
        : `<span class="word bad">${formatCount(count)}</span>`,
    number: count,
  };
}

function notesOf({ compressed, byteOrderMark, carriageReturns, damaged }: LogInput): string {
  const notes = [
    ...(compressed ? ["gzip"] : []),
    ...(damaged ? ["damaged: cut or broken"] : []),
    ...(byteOrderMark ? ["byte order mark"] : []),
    ...(carriageReturns > 0 ? [`${formatCount(carriageReturns)} CRLF`] : []),
  ];
  return notes.length === 0 ? "–" : notes.join(", ");
}
