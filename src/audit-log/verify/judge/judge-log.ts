import type { FindingList } from "../findings/finding-list.js";
import type { Anchors } from "../seals/anchors.js";
import type { RunSeals } from "../seals/run-seals.js";
import { type Layout, layOut, runAt } from "../streams/lay-out.js";
import type { LineAnswers } from "../streams/line-answers.js";
import type { Run } from "../streams/run.js";
import type { SinkRecordIndex } from "../streams/sink-record-index.js";
import type { ExpiredStatement, PreviousStatement, StreamState } from "../streams/stream-state.js";
import { type Gap, judgeRuns, placeOf } from "./judge-runs.js";
import { judgeSeals, judgeTail, type Trust } from "./judge-seals.js";
import { judgeSinkRecords } from "./judge-sink-records.js";
import { judgeAnchors, judgePrevious } from "./judge-statements.js";
import { believedRanges, recordsOf, sayMissing } from "./missing-records.js";

/** What was read of a log. */
export interface ReadLog {
  readonly files: readonly string[];
  readonly streams: ReadonlyMap<string, StreamState>;
  readonly anchors: Anchors;
  readonly previous: ReadonlyMap<string, readonly PreviousStatement[]>;
  readonly expired: ReadonlyMap<string, readonly ExpiredStatement[]>;
  readonly sinkRecords: SinkRecordIndex;
  readonly findings: FindingList;
}

/** A stream whose pieces are in order. */
interface LaidOut {
  readonly stream: StreamState;
  readonly layout: Layout;
}

interface Judged extends LaidOut {
  readonly gaps: readonly Gap[];
  readonly seals: RunSeals;
}

/** A log of which everything was read, and which can be judged. */
export class LogJudge {
  readonly #log: ReadLog;
  readonly #laidOut: readonly LaidOut[];

  constructor(log: ReadLog) {
    this.#log = log;
    this.#laidOut = [...log.streams.values()].map((stream) => ({
      stream,
      layout: layOut(stream.runs.runs),
    }));
  }

  /** Asks for what must be looked at again before there can be a verdict. */
  ask(answers: LineAnswers): void {
    for (const { stream, layout } of this.#laidOut) {
      if (!stream.chained) continue;
      for (const { run, other, last } of layout.overlaps) {
        if (run.last !== other.last || run.lastHash !== other.lastHash)
          answers.ask(stream.id, last);
      }
      for (const statement of this.#log.previous.get(stream.id) ?? []) {
        const { number } = statement;
        const run = runAt(layout.main, number);
        if (run === undefined || run.last === number || statement.fits !== undefined) continue;
        answers.ask(stream.id, number);
      }
    }
  }

  /** Says everything that is to be said. */
  judge(answers: LineAnswers, trust: Trust): void {
    const { files, findings, streams, anchors, previous, expired } = this.#log;
    const judged = this.#laidOut.map(({ stream, layout }): Judged => {
      const { gaps, seals } = judgeRuns(stream, layout, answers, files, findings);
      const place = { file: files[stream.firstPlace.file] ?? "", line: stream.firstPlace.line };
      judgeSeals(stream, layout.main, seals, trust, findings, place);
      return { stream, layout, gaps, seals };
    });
    for (const one of judged) this.#judgeWhole(one, trust);
    const spokenOf = new Set([...anchors.streams(), ...previous.keys()]);
    for (const { stream, layout } of judged) {
      if (spokenOf.has(stream.id)) this.#judgeSpoken(stream.id, stream, layout, answers, trust);
    }
    for (const id of spokenOf) {
      if (!streams.has(id))
        this.#judgeSpoken(id, undefined, { main: [], overlaps: [] }, answers, trust);
    }
    for (const { number, stream } of anchors.contradicting) {
      const message = `two anchors name different records ${number} of this stream: there were two logs`;
      findings.blame("anchor_mismatch", stream, number, { message });
    }
    for (const { stream } of judged) this.#judgeTrust(stream, expired, trust);
    judgeSinkRecords(this.#laidOut, this.#log.sinkRecords, files, findings);
  }

  #judgeWhole({ stream, layout: { main }, gaps, seals }: Judged, trust: Trust): void {
    const { files, findings, expired, anchors } = this.#log;
    const statements = believedRanges(isChecked(trust, anchors), expired.get(stream.id));
    const [begin, last] = [main[0], main.at(-1)];
    if (begin === undefined || last === undefined) return;
    if (begin.first > 1) {
      const why = ": the files given begin later";
      const hash = begin.firstPrevious;
      const place = placeOf(begin, files);
      const range = { stream: stream.id, first: 1, last: begin.first - 1, hash, why };
      sayMissing({ ...range, ...place }, statements, findings);
    }
    for (const { first, last: end, left, right, proven } of gaps) {
      const range = { stream: stream.id, first, last: end, hash: right.firstPrevious };
      const why = `${lostText(seals.lost)}${unsealedText(stream, left)}`;
      const place = placeOf(right, files);
      if (!sayMissing({ ...range, why, ...place }, statements, findings) || proven) continue;
      const numbers = { first: left.first, last: left.last };
      const message = `${recordsOf(left.first, left.last)} stand in front of records that have expired, and no checkpoint with a known key proves them`;
      findings.add("unproven_records", {
        ...placeOf(left, files),
        stream: stream.id,
        ...numbers,
        message,
      });
    }
    if (!stream.chained) {
      const message = "its records are not chained: only their numbers could be checked";
      findings.add("not_chained", { stream: stream.id, message });
    }
    const place = { file: files[last.lastFile] ?? "", line: last.lastLine };
    judgeTail(stream, last, seals, trust, findings, place);
  }

  #judgeSpoken(
    id: string,
    state: StreamState | undefined,
    { main }: Layout,
    answers: LineAnswers,
    trust: Trust,
  ): void {
    const { anchors, previous, expired, findings } = this.#log;
    const judged = {
      id,
      state,
      main,
      expired: believedRanges(isChecked(trust, anchors), expired.get(id)),
    };
    judgePrevious(judged, previous.get(id) ?? [], answers, findings);
    const named = anchors.of(id);
    if (named !== undefined) judgeAnchors(judged, named, findings);
  }

  /** Records that are gone for a good reason may have held the key: then nothing may be left unsaid. */
  #judgeTrust(stream: StreamState, expired: ReadLog["expired"], { keys }: Trust): void {
    const { findings } = this.#log;
    if (keys.length === 0 || stream.trusted || findings.isTampered(stream.id)) return;
    if (!expired.has(stream.id) || findings.isIncomplete(stream.id)) return;
    const message =
      "the record with its first key is deleted, and no certificate and no anchor vouches for the rest";
    findings.add("unproven_records", { stream: stream.id, message });
  }
}

/** Whether it is known who may vouch for a stream. */
function isChecked({ keys }: Trust, anchors: Anchors): boolean {
  return keys.length > 0 || anchors.count > 0;
}

function lostText(lost: number): string {
  return lost === 0 ? "" : `; the log itself says that a sink lost ${lost}`;
}

/** A gap takes what stood in front of it out of the reach of the signatures behind it. */
function unsealedText({ signed }: StreamState, { first, last, seals }: Run): string {
  if (!signed || seals.last >= last) return "";
  const begin = Math.max(first, seals.last + 1);
  return `; ${recordsOf(begin, last)} in front of that ${begin === last ? "is" : "are"} sealed by nothing`;
}
