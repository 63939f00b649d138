import type { LinePlace } from "../lines/record-line.js";
import { RunSeals } from "../seals/run-seals.js";

/** Records of one stream that follow on each other without a gap, each with the hash of the one in front of it. */
export interface Run {
  readonly first: number;
  /** What the first record says about the one in front of it. */
  readonly firstPrevious: string;
  readonly firstPlace: LinePlace;
  last: number;
  /** Of the last line. */
  lastHash: string;
  lastFile: number;
  lastLine: number;
  readonly seals: RunSeals;
  /** Number of the record that says that the stream ends; 0 when there is none. */
  ended: number;
}

export function createRun(number: number, previous: string, hash: string, place: LinePlace): Run {
  return {
    first: number,
    firstPrevious: previous,
    firstPlace: place,
    last: number,
    lastHash: hash,
    lastFile: place.file,
    lastLine: place.line,
    seals: new RunSeals(),
    ended: 0,
  };
}
