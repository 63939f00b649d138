import type { LoggedRecord, RequestEnding } from "../records/logged-record.js";

/** How many requests ended how. */
export type EndingCounts = { -readonly [Ending in RequestEnding]: number };

/** The order in which they are shown. */
export const ENDINGS: readonly RequestEnding[] = [
  "succeeded",
  "clientErrors",
  "refused",
  "serverErrors",
  "unfinished",
];

export function createEndingCounts(): EndingCounts {
  return { succeeded: 0, clientErrors: 0, refused: 0, serverErrors: 0, unfinished: 0 };
}

export function countEnding(counts: EndingCounts, { ending, requests }: LoggedRecord): void {
  counts[ending] += requests;
}

export function joinEndings(into: EndingCounts, from: EndingCounts): void {
  for (const ending of ENDINGS) into[ending] += from[ending];
}

export function sumOf(counts: EndingCounts): number {
  return ENDINGS.reduce((sum, ending) => sum + counts[ending], 0);
}

/** Those that somebody may have to look at. */
export function troubleOf({ refused, serverErrors }: EndingCounts): number {
  return refused + serverErrors;
}
