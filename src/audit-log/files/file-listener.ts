import type { SegmentListener } from "../segments/segment-keeper.js";
import type { ReplacementReason } from "./find-replacement.js";

/** What a new file begins with. */
export interface FileBeginning {
  readonly reason: ReplacementReason;
  /** Path of the segment that was written to before. */
  readonly segment: string | undefined;
}

/** Who is told what becomes of a log file. */
export interface FileListener extends SegmentListener {
  /** The line that a new file begins with, without its line end. Called inside of a write. */
  beginning(of: FileBeginning): string;
  /** That line is written. */
  begun(): void;
  /** Another file is written to. Called in a turn of its own, after the write for which it was replaced. */
  replaced(reason: ReplacementReason): void;
}
