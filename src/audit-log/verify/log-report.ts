import { FINDING_KINDS, type Finding, type FindingKind } from "./findings/finding.js";
import type { LogVerifier } from "./log-verifier.js";
import type { StreamState } from "./streams/stream-state.js";

type Integrity = "intact" | "tampered" | "unsigned";
type Completeness = "complete" | "incomplete";

/** The verdict on one stream. */
export interface StreamReport {
  readonly stream: string;
  readonly integrity: Integrity;
  readonly completeness: Completeness;
  readonly records: number;
  /** The lowest and the highest number. */
  readonly first: number;
  readonly last: number;
  readonly checkpoints: number;
  /** Up to which number signatures vouch for its records; 0 when none does. */
  readonly sealedTo: number;
  readonly closed: boolean;
}

/** What the verification of a log found. */
export interface LogReport {
  readonly integrity: Integrity;
  readonly completeness: Completeness;
  /** Whether a key or an anchor was given by which it can be told who signed. */
  readonly signaturesChecked: boolean;
  readonly files: readonly string[];
  readonly records: number;
  readonly streams: readonly StreamReport[];
  readonly findings: readonly Finding[];
  /** Of all findings, those included that are not listed. */
  readonly counts: Readonly<Partial<Record<FindingKind, number>>>;
  readonly findingsLeftOut: number;
}

/** The report on a log that was judged. */
export function toReport(
  { findings, streams, files, records }: LogVerifier,
  signaturesChecked: boolean,
): LogReport {
  const reports = [...streams.values()].map((stream) => streamReport(stream, findings));
  const intact = reports.length > 0 && reports.every(({ integrity }) => integrity === "intact");
  const kinds = Object.keys(FINDING_KINDS) as readonly FindingKind[];
  const order = new Map(files.map((file, index) => [file, index]));
  const placeOf = ({ file = "" }: Finding): number => order.get(file) ?? files.length;
  return {
    integrity: findings.has("tampered") ? "tampered" : intact ? "intact" : "unsigned",
    completeness: findings.has("incomplete") ? "incomplete" : "complete",
    signaturesChecked,
    files,
    records,
    streams: reports,
    findings: [...findings.kept].sort(
      (a, b) =>
        placeOf(a) - placeOf(b) || (a.line ?? 0) - (b.line ?? 0) || (a.first ?? 0) - (b.first ?? 0),
    ),
    counts: Object.fromEntries(
      kinds.flatMap((kind) => {
        const count = findings.counts.get(kind);
        return count === undefined ? [] : [[kind, count]];
      }),
    ),
    findingsLeftOut: findings.total - findings.kept.length,
  };
}

function streamReport(stream: StreamState, findings: LogVerifier["findings"]): StreamReport {
  let first = Number.POSITIVE_INFINITY;
  let last = 0;
  for (const run of stream.runs.runs) {
    first = Math.min(first, run.first);
    last = Math.max(last, run.last);
  }
  const { id, records, checkpoints, sealedTo, closed, trusted } = stream;
  const sound = trusted && sealedTo > 0 ? "intact" : "unsigned";
  return {
    stream: id,
    integrity: findings.isTampered(id) ? "tampered" : sound,
    completeness: findings.isIncomplete(id) ? "incomplete" : "complete",
    records,
    first,
    last,
    checkpoints,
    sealedTo,
    closed,
  };
}
