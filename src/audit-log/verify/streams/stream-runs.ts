import type { FindingList } from "../findings/finding-list.js";
import type { LinePlace, RecordLine } from "../lines/record-line.js";
import { createRun, type Run } from "./run.js";

/** A record that stands behind a later one of its stream. */
interface Disorder extends LinePlace {
  readonly number: number;
}

const MAX_DISORDERS = 100;

/**
 * The runs of one stream. Lines that stand in order, in one file or in several, are one run whatever their number; each
 * gap, each change and each piece in another place begins a new one, and pieces that fit are put together.
 */
export class StreamRuns {
  /** In no order. */
  readonly runs = new Set<Run>();
  /** The first lines that stand behind later ones. Repeated records are among them. */
  readonly disorders: Disorder[] = [];
  /** The run that the last line belongs to. */
  current: Run | undefined;
  /** By the number and the hash of the last line. The current run is not in it, because it grows. */
  readonly #byEnd = new Map<string, Run>();
  /** By the number and what the first line says about the one in front of it. */
  readonly #byStart = new Map<string, Run>();
  readonly #findings: FindingList;
  /** The highest number in the file that is read. */
  #highest = 0;
  #file = -1;

  constructor(findings: FindingList) {
    this.#findings = findings;
  }

  /** Takes a line in. @returns whether it was an exact repetition of the line in front of it. */
  take({ number, previous }: RecordLine, hash: string, place: LinePlace): boolean {
    if (place.file !== this.#file) {
      this.#file = place.file;
      this.#highest = 0;
    }
    const run = this.current;
    if (run !== undefined && run.last === number && run.lastHash === hash) return true;
    if (number > this.#highest) this.#highest = number;
    else if (this.disorders.length < MAX_DISORDERS) this.disorders.push({ number, ...place });
    if (run !== undefined && run.last === number - 1 && run.lastHash === previous) {
      extend(run, number, hash, place);
    } else this.#place(number, previous, hash, place);
    return false;
  }

  #place(number: number, previous: string, hash: string, place: LinePlace): void {
    const left = this.current;
    if (left !== undefined) this.#byEnd.set(keyOf(left.last, left.lastHash), left);
    const end = keyOf(number - 1, previous);
    let run = number === 1 ? undefined : this.#byEnd.get(end);
    if (run === undefined) {
      run = createRun(number, previous, hash, place);
      this.runs.add(run);
      this.#byStart.set(keyOf(number, previous), run);
    } else {
      this.#byEnd.delete(end);
      extend(run, number, hash, place);
    }
    this.current = run;
    const behind = this.#byStart.get(keyOf(number + 1, hash));
    if (behind !== undefined && behind !== run) this.#waiting = behind;
  }

  /** The run that fits behind the line that was taken last; it is joined when that line was looked at. */
  #waiting: Run | undefined;

  /** Puts together what the last line connects. @returns whether that was anything. */
  settle(): boolean {
    const behind = this.#waiting;
    this.#waiting = undefined;
    const run = this.current;
    if (behind === undefined || run === undefined) return false;
    this.#byStart.delete(keyOf(behind.first, behind.firstPrevious));
    this.#byEnd.delete(keyOf(behind.last, behind.lastHash));
    this.runs.delete(behind);
    joinRuns(run, behind, this.#findings);
    return true;
  }
}

/** Makes one run of two, of which the second follows on the first. */
function joinRuns(run: Run, behind: Run, findings: FindingList): void {
  run.seals.append(behind.seals, findings);
  run.last = behind.last;
  run.lastHash = behind.lastHash;
  run.lastFile = behind.lastFile;
  run.lastLine = behind.lastLine;
  if (run.ended === 0) run.ended = behind.ended;
}

function extend(run: Run, number: number, hash: string, { file, line }: LinePlace): void {
  run.last = number;
  run.lastHash = hash;
  run.lastFile = file;
  run.lastLine = line;
}

function keyOf(number: number, hash: string): string {
  return `${number}:${hash}`;
}
