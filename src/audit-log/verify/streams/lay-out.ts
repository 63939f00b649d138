import type { Run } from "./run.js";

/** Records that stand there more than once. */
export interface Overlap {
  /** The run that was not taken as the first one. */
  readonly run: Run;
  readonly first: number;
  /** Where the two can be compared: with the hash of that line, all lines in front of it are the same. */
  readonly last: number;
  /** Of the other one. */
  readonly other: Run;
}

/** The runs of one stream in the order of their numbers. */
export interface Layout {
  /** Each begins behind the end of the one in front of it, or goes on where that ends. */
  readonly main: readonly Run[];
  readonly overlaps: readonly Overlap[];
}

/** Puts the runs of a stream in order. */
export function layOut(runs: Iterable<Run>): Layout {
  const sorted = [...runs].sort((a, b) => a.first - b.first || b.last - a.last);
  const main: Run[] = [];
  const overlaps: Overlap[] = [];
  for (const run of sorted) {
    const other = main.at(-1);
    if (other !== undefined && run.first <= other.last) {
      const last = Math.min(run.last, other.last);
      overlaps.push({ run, first: run.first, last, other });
      if (run.last > other.last) main.push(run);
    } else main.push(run);
  }
  return { main, overlaps };
}

/** The run that holds a record. */
export function runAt(main: readonly Run[], number: number): Run | undefined {
  let low = 0;
  let high = main.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((main[middle] as Run).last < number) low = middle + 1;
    else high = middle;
  }
  const run = main[low];
  return run !== undefined && run.first <= number ? run : undefined;
}
