import { type Column, createRecordTable } from "../record/record-table.js";

/** A column and the objects in which it stands, the outermost first. The name of its member is the column's. */
export interface NestedColumn<Facts> {
  readonly within: readonly string[];
  readonly column: Column<Facts>;
}

/**
 * Puts columns into objects: each object is a column of its own, made once, which is left out of a record in which none of
 * its members has a value. The members of each object are in the order of their names.
 */
export function nestColumns<Facts>(columns: readonly NestedColumn<Facts>[]): Column<Facts>[] {
  const flat: Column<Facts>[] = [];
  const objects = new Map<string, NestedColumn<Facts>[]>();
  for (const { within, column } of columns) {
    const [outer, ...rest] = within;
    if (outer === undefined) flat.push(column);
    else objects.set(outer, [...(objects.get(outer) ?? []), { within: rest, column }]);
  }
  for (const [name, members] of objects) {
    const object = createRecordTable(nestColumns(members));
    flat.push({
      name,
      read(facts) {
        const text = object(facts);
        return text === "{}" ? undefined : text;
      },
    });
  }
  return flat;
}
