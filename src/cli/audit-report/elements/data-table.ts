import {
  ENDINGS,
  type EndingCounts,
  sumOf,
} from "../../../audit-log/report/counts/ending-counts.js";
import { formatCount } from "./format-figure.js";

/** A cell: markup, with the number by which a numeric column is sorted. */
export interface Cell {
  readonly markup: string;
  readonly number?: number;
}

/** A column of a table. */
export interface TableColumn<Row> {
  readonly name: string;
  /** Whether it holds numbers: they stand at the right. */
  readonly numeric?: boolean;
  readonly cell: (row: Row) => Cell;
}

/** What a table is made of. */
export interface DataTable<Row> {
  /** Unique in the page. */
  readonly id: string;
  readonly caption: string;
  /** Below the caption: markup. */
  readonly note?: string;
  readonly columns: readonly TableColumn<Row>[];
  readonly rows: readonly Row[];
  /** What stands there in place of a table without rows. */
  readonly empty: string;
}

/** A table in a box of its own that scrolls where the window is too narrow. The first column names the row. */
export function dataTable<Row>(table: DataTable<Row>): string {
  const { id, caption, note, columns, rows, empty } = table;
  const head = `<h3 id="${id}">${caption}</h3>${note === undefined ? "" : `<p class="note">${note}</p>`}`;
  if (rows.length === 0) return `${head}<p class="none">${empty}</p>`;
  const heads = columns.map(
    ({ name, numeric }) => `<th scope="col"${numeric === true ? ' class="n"' : ""}>${name}</th>`,
  );
  return `${head}
<div class="scroll" role="region" aria-labelledby="${id}" tabindex="0">
<table class="sortable" aria-labelledby="${id}">
<thead><tr>${heads.join("")}</tr></thead>
<tbody>
${rows.map((row) => rowOf(columns, row)).join("\n")}
</tbody>
</table>
</div>`;
}

/** A number in a cell. */
export function countCell(count: number, error = 0): Cell {
  const markup = error === 0 ? formatCount(count) : `≥&#8239;${formatCount(count)}`;
  return { markup: count === 0 ? `<span class="zero">0</span>` : markup, number: count };
}

/** A column of one number of each row. */
export function numberColumn<Name extends string>(
  title: string,
  name: Name,
): TableColumn<Readonly<Record<Name, number>>> {
  return { name: title, numeric: true, cell: (row) => countCell(row[name]) };
}

/** A bar of one row, against the longest row of its table: how the requests of it ended. */
export function endingsBar(endings: EndingCounts, longest: number): string {
  let x = 0;
  const parts = ENDINGS.toReversed().map((ending) => {
    const width = (100 * endings[ending]) / longest;
    const part =
      width === 0
        ? ""
        : `<rect class="${ending}" x="${round(x)}" width="${round(width)}" height="6"/>`;
    x += width;
    return part;
  });
  return bar(parts.join(""));
}

/** A bar of one colour. */
export function plainBar(count: number, longest: number): string {
  return bar(`<rect class="plain" width="${round((100 * count) / longest)}" height="6"/>`);
}

/** The most requests of any row. */
export function longestOf(rows: readonly EndingCounts[]): number {
  return rows.reduce((most, row) => Math.max(most, sumOf(row)), 1);
}

function bar(parts: string): string {
  return `<svg class="bar" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">${parts}</svg>`;
}

function rowOf<Row>(columns: readonly TableColumn<Row>[], row: Row): string {
  const cells = columns.map(({ cell, numeric }, index) => {
    const { markup, number } = cell(row);
    const value = number === undefined ? "" : ` data-number="${number}"`;
    if (index === 0) return `<th scope="row"${value}>${markup}</th>`;
    return `<td${numeric === true ? ' class="n"' : ""}${value}>${markup}</td>`;
  });
  return `<tr>${cells.join("")}</tr>`;
}

function round(number: number): number {
  return Math.round(number * 100) / 100;
}
