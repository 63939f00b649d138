import type { FrequentItems } from "./frequent-items.js";

/** The most frequent of some kind of thing. */
export interface Ranking<Row> {
  readonly rows: readonly (Row & Ranked)[];
  /** How many kinds there are: at least so many, when `exact` is false. */
  readonly kinds: number;
  /** Of all kinds together. */
  readonly total: number;
  /** Whether every kind has had room. If not, a count is too low by at most the `error` of its row. */
  readonly exact: boolean;
}

/** What every row of a ranking has. */
export interface Ranked {
  readonly name: string;
  readonly count: number;
  /** The count is too low by at most this. */
  readonly error: number;
}

/** The ranking of what was counted. */
export function rankingOf<Detail, Row>(
  items: FrequentItems<Detail>,
  most: number,
  toRow: (detail: Detail) => Row,
): Ranking<Row> {
  return {
    rows: items.top(most).map(({ key, count, error, detail }) => ({
      name: key,
      count,
      error,
      ...toRow(detail),
    })),
    kinds: items.size,
    total: items.total,
    exact: items.lost === 0,
  };
}
