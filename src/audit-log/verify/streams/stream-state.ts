import type { FindingList } from "../findings/finding-list.js";
import type { LinePlace } from "../lines/record-line.js";
import type { Anchor } from "../seals/anchors.js";
import type { ExpiredRange, PreviousStream } from "../seals/statements.js";
import { StreamRuns } from "./stream-runs.js";

/** A signature of the long-term key under a key of the stream. */
export interface Certificate {
  readonly publicKey: string;
  readonly signature: string;
}

/** What a stream says about an earlier one. */
export interface PreviousStatement extends PreviousStream {
  /** Of the record that says so. */
  readonly by: StreamState;
  readonly at: number;
  readonly file: string;
  readonly line: number;
  /** Whether the line that it names has that hash; `undefined` while that line was not seen. */
  readonly fits: boolean | undefined;
}

/** What a stream says about records that were deleted because they were old. */
export interface ExpiredStatement extends ExpiredRange {
  readonly by: StreamState;
  readonly at: number;
}

/** All that is known of one stream. */
export class StreamState {
  readonly id: string;
  readonly runs: StreamRuns;
  records = 0;
  chained = false;
  /** Key of the first epoch, as record 1 names it. */
  publicKey: string | undefined;
  checkpoints = 0;
  readonly certificates: Certificate[] = [];
  /** By number; whether the line there was the one that the anchor names. */
  readonly anchors: ReadonlyMap<number, Anchor> | undefined;
  readonly anchored = new Map<number, boolean>();
  /** Whether the key that seals it is one that was given, or an anchor fits. */
  trusted = false;
  /** Up to which number signatures vouch for the records, of a stream that begins with number 1. */
  sealedTo = 0;
  closed = false;
  readonly firstPlace: LinePlace;

  constructor(
    id: string,
    place: LinePlace,
    findings: FindingList,
    anchors: ReadonlyMap<number, Anchor> | undefined,
  ) {
    this.id = id;
    this.firstPlace = place;
    this.runs = new StreamRuns(findings);
    this.anchors = anchors;
  }

  get signed(): boolean {
    return this.publicKey !== undefined || this.checkpoints > 0;
  }
}
