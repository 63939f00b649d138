import { createBoundedRecord } from "../privacy/bounded-record.js";
import { unquotedText } from "../text/json-text.js";

/** One member of a record, or several that stand together. */
export type Column<Facts> = TextColumn<Facts> | WholeColumn<Facts> | MembersColumn<Facts>;

/** A member that is a string or, as the column itself writes it, JSON. */
interface TextColumn<Facts> {
  readonly name: string;
  /**
   * The value as JSON text; `undefined` in a record without it. Of a `quoted` value what stands between the quotes:
   * nothing is escaped any more.
   */
  readonly read: (facts: Facts) => string | undefined;
  /** Whether the value is a string, to which the table adds the quotes. @default false */
  readonly quoted?: boolean;
  readonly whole?: false;
  readonly members?: false;
}

/** A member that is a whole number from 0 to 2^53 - 1. What is none, whatever the app made it, is left out. */
interface WholeColumn<Facts> {
  readonly name: string;
  readonly read: (facts: Facts) => number | undefined;
  readonly quoted?: false;
  readonly whole: true;
  readonly members?: false;
}

/** Members with names that the record decides. */
interface MembersColumn<Facts> {
  /** What all these names begin with, and those of no other column. */
  readonly name: string;
  /** The members as they stand in the record, in order, without a comma at either end. */
  readonly read: (facts: Facts) => string | undefined;
  readonly quoted?: false;
  readonly whole?: false;
  readonly members: true;
}

/** A column as it is written. */
interface Cell<Facts> {
  readonly read: (facts: Facts) => string | number | undefined;
  readonly whole: boolean;
  /** What stands in front of the value: at the beginning of a record, after an unquoted value, after a quoted one. */
  readonly heads: readonly [string, string, string];
  /** The head of the value behind this one. */
  readonly next: 1 | 2;
}

/** Makes the function that writes records of one kind, in the names of one schema, each as a line of JSON without its line end. */
export type RecordTable = <Facts>(columns: readonly Column<Facts>[]) => (facts: Facts) => string;

/** Longer than a pseudonym: half of one is of no use. */
const MAX_CUT_LENGTH = 40;

const TRUNCATED: Column<unknown> = { name: "audit.truncated", read: () => "true" };

const ENDS = ["{}", "}", '"}'] as const;

/**
 * Makes the function that writes records of one kind, each as a line of JSON without its line end.
 *
 * Members stand in the order of the UTF-16 code units of their names and numbers are whole, so that a line is its own
 * canonical form (RFC 8785 §3.2.3). It is put together from as few strings as possible: building an object and
 * serialising it takes three times as long.
 *
 * @param columns - In any order.
 * @throws Error when two columns have the same name.
 */
export function createRecordTable<Facts>(
  columns: readonly Column<Facts>[],
): (facts: Facts) => string {
  const cells = sorted(columns).map(toCell);

  return function record(facts) {
    let text = "";
    let position: 0 | 1 | 2 = 0;
    for (let index = 0; index < cells.length; index += 1) {
      const { read, whole, heads, next } = cells[index] as Cell<Facts>;
      const value = read(facts);
      if (value === undefined || !(whole ? isWhole(value) : typeof value === "string")) continue;
      text += heads[position] + value;
      position = next;
    }
    return text + ENDS[position];
  };
}

/**
 * Makes the function that writes records of one kind, none of them longer than that.
 *
 * @param maxBytes - Without the line end.
 */
export function createBoundedTable<Facts>(
  columns: readonly Column<Facts>[],
  maxBytes: number,
  table: RecordTable,
): (facts: Facts) => string {
  return createBoundedRecord<Facts, Column<Facts>>(columns, TRUNCATED, maxBytes, cutColumn, table);
}

/** A column with the same text in every record. */
export function constantColumn(name: string, text: string): Column<unknown> {
  return { name, read: () => text, quoted: true };
}

function sorted<Facts>(columns: readonly Column<Facts>[]): readonly Column<Facts>[] {
  const byName = new Map(columns.map((column) => [column.name, column]));
  if (byName.size < columns.length) throw new Error("two columns of a record have the same name");
  // Without a comparison function: that is the order of code units. A comparison by locale is not.
  return [...byName.keys()].sort().map((name) => byName.get(name) as Column<Facts>);
}

function isWhole(value: unknown): boolean {
  // -0 is written as 0, as JSON.stringify() does.
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function toCell<Facts>({ name, read, quoted, whole = false, members }: Column<Facts>): Cell<Facts> {
  const head = members === true ? "" : `${JSON.stringify(name)}:${quoted === true ? '"' : ""}`;
  return {
    read,
    whole,
    heads: [`{${head}`, `,${head}`, `",${head}`],
    next: quoted === true ? 2 : 1,
  };
}

function cutColumn<Facts>(column: Column<Facts>): Column<Facts> {
  if (column.quoted !== true) return column;
  return {
    ...column,
    read(facts) {
      const text = column.read(facts);
      if (typeof text !== "string" || text.length <= MAX_CUT_LENGTH) return text;
      return unquotedText(JSON.parse(`"${text}"`), MAX_CUT_LENGTH);
    },
  };
}
