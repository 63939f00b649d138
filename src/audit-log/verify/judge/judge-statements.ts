import type { FindingList } from "../findings/finding-list.js";
import type { Anchor } from "../seals/anchors.js";
import { runAt } from "../streams/lay-out.js";
import type { LineAnswers } from "../streams/line-answers.js";
import type { Run } from "../streams/run.js";
import type { ExpiredStatement, PreviousStatement, StreamState } from "../streams/stream-state.js";
import { sayMissing } from "./missing-records.js";

/** One stream, with its pieces in order: none when the files have nothing of it. */
export interface JudgedStream {
  readonly id: string;
  readonly state: StreamState | undefined;
  readonly main: readonly Run[];
  /** What is believed to have expired of it. */
  readonly expired: readonly ExpiredStatement[];
}

/** Compares a stream with what was said of it outside of the log. */
export function judgeAnchors(
  { id, state, main, expired }: JudgedStream,
  anchors: ReadonlyMap<number, Anchor>,
  findings: FindingList,
): void {
  const last = main.at(-1)?.last ?? 0;
  let highest: Anchor | undefined;
  for (const anchor of anchors.values()) {
    const { number } = anchor;
    if (highest === undefined || number > highest.number) highest = anchor;
    const fits = state?.anchored.get(number);
    const there = runAt(main, number) !== undefined;
    if (fits === false || (fits === undefined && there)) {
      const message = `record ${number} is not the checkpoint that an anchor names: the log was written anew, or there are two`;
      findings.blame("anchor_mismatch", id, number, { message });
    }
    if (anchor.publicKey !== undefined && state?.publicKey !== undefined) {
      if (anchor.publicKey !== state.publicKey) {
        const message = "an anchor names another first key of this stream";
        findings.blame("anchor_mismatch", id, 1, { message });
      }
    }
  }
  if (highest === undefined || highest.number <= last) return;
  const hash = "";
  const why =
    last === 0
      ? ": an anchor names its stream, of which there is nothing"
      : " at the end: an anchor names a later one";
  sayMissing({ stream: id, first: last + 1, last: highest.number, hash, why }, expired, findings);
}

/** Compares the end of a stream with what the next one found when it began to write to the same file. */
export function judgePrevious(
  { id, state, main, expired }: JudgedStream,
  statements: readonly PreviousStatement[],
  answers: LineAnswers,
  findings: FindingList,
): void {
  const last = main.at(-1)?.last ?? 0;
  let highest: PreviousStatement | undefined;
  for (const statement of statements) {
    const { number } = statement;
    if (highest === undefined || number > highest.number) highest = statement;
    if (doesFit(statement, main, answers) !== false) continue;
    const message = `record ${number} is not what stream ${statement.by.id} found when it began, as it says in record ${statement.at}`;
    findings.blame("previous_mismatch", id, number, { message });
  }
  if (highest === undefined || highest.number <= last) return;
  const { by, at, file, line, number } = highest;
  if (state === undefined && expired.length === 0) {
    const message = `stream ${by.id} found records up to ${number} of this stream in its file, as it says in record ${at}: they are not in the files given`;
    findings.add("missing_stream", { stream: id, first: 1, last: number, file, line, message });
    return;
  }
  const why = ` at the end: stream ${by.id} found them when it began, as it says in record ${at}`;
  sayMissing({ stream: id, first: last + 1, last: number, hash: "", why }, expired, findings);
}

/** `undefined` when that record is not there, or cannot be looked at again. */
function doesFit(
  { fits, stream, number, hash }: PreviousStatement,
  main: readonly Run[],
  answers: LineAnswers,
): boolean | undefined {
  if (fits !== undefined) return fits;
  const run = runAt(main, number);
  if (run === undefined) return undefined;
  if (run.last === number) return run.lastHash === hash;
  const hashes = answers.hashesOf(stream, number);
  return hashes.size === 0 ? undefined : hashes.has(hash);
}
