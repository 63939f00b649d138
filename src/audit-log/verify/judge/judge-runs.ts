import type { FindingList } from "../findings/finding-list.js";
import { RunSeals } from "../seals/run-seals.js";
import type { Layout, Overlap } from "../streams/lay-out.js";
import type { LineAnswers } from "../streams/line-answers.js";
import type { Run } from "../streams/run.js";
import type { StreamState } from "../streams/stream-state.js";
import { recordsOf } from "./missing-records.js";

/** Where the records of a stream are not there, or not what they were. */
export interface Gap {
  readonly first: number;
  readonly last: number;
  readonly left: Run;
  readonly right: Run;
  /** Whether checkpoints seal everything in front of it. */
  readonly proven: boolean;
}

/**
 * Says what stands twice, what stands in another order and what does not follow on what stands in front of it, and
 * verifies the checkpoints from the first to the last.
 *
 * @returns the gaps, and all the checkpoints.
 */
export function judgeRuns(
  stream: StreamState,
  { main, overlaps }: Layout,
  answers: LineAnswers,
  files: readonly string[],
  findings: FindingList,
): { readonly gaps: readonly Gap[]; readonly seals: RunSeals } {
  const same = new Set<Run>();
  for (const overlap of overlaps) {
    if (judgeOverlap(stream, overlap, answers, files, findings)) same.add(overlap.run);
  }
  judgeOrder(stream, overlaps, files, findings);
  const gaps: Gap[] = [];
  const seals = new RunSeals();
  main.forEach((run, index) => {
    const left = main[index - 1];
    if (left === undefined) {
      seals.take(run.seals);
      return;
    }
    const isGap = run.first > left.last + 1;
    if (isGap) {
      const proven = seals.rooted && seals.sealedTo >= left.last;
      gaps.push({ first: left.last + 1, last: run.first - 1, left, right: run, proven });
    } else if (run.first === left.last + 1) {
      judgeBreak(stream, left, run, main[index + 1], files, findings);
    }
    if (run.first <= left.last && same.has(run)) seals.resume(run.seals, left.last, findings);
    else if (isGap && !seals.isFollowedBy(run.seals)) {
      seals.skip(run.seals);
      const message = `${recordsOf(run.first, run.last)} are sealed with keys that stood in records that are missing: nothing proves who wrote them`;
      findings.add("unproven_records", {
        ...placeOf(run, files),
        stream: stream.id,
        first: run.first,
        last: run.last,
        message,
      });
    } else seals.append(run.seals, findings);
  });
  judgeEnd(stream, main, files, findings);
  return { gaps, seals };
}

/** @returns whether the two are known to be the same. */
function judgeOverlap(
  stream: StreamState,
  { run, first, last, other }: Overlap,
  answers: LineAnswers,
  files: readonly string[],
  findings: FindingList,
): boolean {
  const place = placeOf(run, files);
  const facts = { ...place, stream: stream.id, first, last };
  const records = recordsOf(first, last);
  const hashes = answers.hashesOf(stream.id, last);
  const equal = run.last === other.last && run.lastHash === other.lastHash;
  if (!equal && stream.chained && hashes.size !== 1) {
    const message =
      hashes.size === 0
        ? `${records} stand there twice, and the standard input cannot be read again to compare them`
        : `${records} stand there twice, and are not the same: somebody made other ones, or two writers share a stream`;
    findings.add("conflicting_records", { ...facts, message });
    return false;
  }
  // A stream goes on over several files: what is out of order within one of them stands in that one twice.
  const disordered = stream.runs.disorders.some(({ number }) => number >= first && number <= last);
  if (disordered || run.firstPlace.file === other.firstPlace.file) {
    findings.add("duplicate_records", { ...facts, message: `${records} stand there twice` });
  } else {
    const message = `${records} stand in another file as well, and are the same there`;
    findings.add("copied_records", { ...facts, message });
  }
  return true;
}

function judgeOrder(
  stream: StreamState,
  overlaps: readonly Overlap[],
  files: readonly string[],
  findings: FindingList,
): void {
  const found = stream.runs.disorders.find(
    ({ number }) => !overlaps.some(({ first, last }) => number >= first && number <= last),
  );
  if (found === undefined) return;
  const { number, file, line } = found;
  findings.add("swapped_records", {
    stream: stream.id,
    first: number,
    last: number,
    file: files[file] ?? "",
    line,
    message: `record ${number} stands behind a later one, which no writer does: lines were moved`,
  });
}

/** The line in front is not the one whose hash the next line holds. */
function judgeBreak(
  stream: StreamState,
  left: Run,
  right: Run,
  next: Run | undefined,
  files: readonly string[],
  findings: FindingList,
): void {
  const { id } = stream;
  const [before, behind] = [left.last, right.first];
  if (follows(left, right)) return;
  if (findings.isBlamed(id, before) || findings.isBlamed(id, behind)) return;
  // Neither side of it fits: it is this one line that explains both.
  const alone =
    right.first === right.last && next?.first === right.last + 1 && !follows(right, next);
  const file = files[alone ? right.firstPlace.file : left.lastFile] ?? "";
  const line = alone ? right.firstPlace.line : left.lastLine;
  const message = alone
    ? `record ${behind} fits neither the record in front of it nor the one behind it: it was changed`
    : `record ${before} is not what it was when record ${behind} was written: it was changed`;
  findings.blame("changed_record", id, alone ? behind : before, { file, line, message });
}

function follows(left: Run, right: Run): boolean {
  return left.lastHash === right.firstPrevious;
}

function judgeEnd(
  stream: StreamState,
  main: readonly Run[],
  files: readonly string[],
  findings: FindingList,
): void {
  const ended = main.find((run) => run.ended !== 0);
  const last = main.at(-1);
  if (ended === undefined || last === undefined || last.last <= ended.ended) return;
  const first = ended.ended + 1;
  const place =
    ended === last
      ? { file: files[last.lastFile] ?? "", line: last.lastLine }
      : placeOf(last, files);
  const message = `${recordsOf(first, last.last)} stand behind record ${ended.ended}, with which the stream ended`;
  findings.add("records_after_end", {
    ...place,
    stream: stream.id,
    first,
    last: last.last,
    message,
  });
}

export function placeOf(
  { firstPlace: { file, line } }: Run,
  files: readonly string[],
): { readonly file: string; readonly line: number } {
  return { file: files[file] ?? "", line };
}
