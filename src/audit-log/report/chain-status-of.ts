import { FINDING_KINDS, type Finding, type FindingKind } from "../verify/findings/finding.js";
import type { LogReport } from "../verify/log-report.js";
import type { ChainFinding, ChainStatus } from "./chain-status.js";

/** What is also found in a log that is being written. */
const OPEN: readonly FindingKind[] = ["not_closed", "unsealed_tail"];
const ORDER: readonly Finding["verdict"][] = ["tampered", "incomplete", "note"];

/** What a report tells of the verification of its files. */
export function chainStatusOf(report: LogReport, most: number): ChainStatus {
  const { counts, findings, findingsLeftOut, integrity, streams } = report;
  const isUnchained = streams.length > 0 && (counts.not_chained ?? 0) >= streams.length;
  const sorted = ORDER.flatMap((verdict) => findings.filter((one) => one.verdict === verdict));
  const shown = sorted.slice(0, most);
  return {
    integrity: isUnchained && integrity !== "tampered" ? "unchained" : integrity,
    completeness:
      report.completeness === "complete" ? "complete" : isOpenOnly(report) ? "open" : "incomplete",
    streams: streams.length,
    findings: shown.map(toChainFinding),
    moreFindings: sorted.length - shown.length + findingsLeftOut,
  };
}

function isOpenOnly({ counts }: LogReport): boolean {
  const kinds = Object.keys(counts) as readonly FindingKind[];
  return kinds.every((kind) => FINDING_KINDS[kind] !== "incomplete" || OPEN.includes(kind));
}

function toChainFinding({ kind, verdict, file, line, stream, message }: Finding): ChainFinding {
  const place = file === undefined ? "" : line === undefined ? file : `${file}:${line}`;
  return { verdict, kind, place, stream: stream ?? "", message };
}
