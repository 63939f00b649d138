import { isIP } from "node:net";
import type { Column } from "../record/record-table.js";

/** Reads a column, or nothing where the kind of record has no such column. */
export type ReadText<Facts> = (facts: Facts) => string | undefined;

/** What the columns of one kind of record say, by name: other columns are derived from it. */
export class ColumnValues<Facts> {
  readonly #columns: ReadonlyMap<string, Column<Facts>>;

  constructor(columns: readonly Column<Facts>[]) {
    this.#columns = new Map(columns.map((column) => [column.name, column]));
  }

  has(name: string): boolean {
    return this.#columns.has(name);
  }

  /** Reads a text, as it stands between the quotes of the record. */
  text(name: string): ReadText<Facts> {
    const column = this.#columns.get(name);
    if (column?.quoted !== true) return nothing;
    return (facts) => {
      const value: unknown = column.read(facts);
      return typeof value === "string" ? value : undefined;
    };
  }

  /** Reads a whole number. */
  whole(name: string): (facts: Facts) => number | undefined {
    const column = this.#columns.get(name);
    if (column?.whole !== true) return nothing;
    return (facts) => {
      const value: unknown = column.read(facts);
      return Number.isSafeInteger(value) ? (value as number) : undefined;
    };
  }
}

/** Whether the text is an address: a pseudonym may stand in its place. */
export function isAddress(text: string | undefined): boolean {
  return text !== undefined && isIP(text) !== 0;
}

/** The number of the record in its series, which stands behind the last hyphen of its id. */
export function numberIn(recordId: string | undefined): number | undefined {
  const number = recordId?.slice(recordId.lastIndexOf("-") + 1);
  return number !== undefined && /^\d+$/.test(number) ? Number(number) : undefined;
}

function nothing(): undefined {
  return undefined;
}
