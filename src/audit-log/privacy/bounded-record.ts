/** What a record loses first when it is too long: what the app and the client fill. */
const LOSSES: readonly RegExp[] = [
  /^app\./,
  /^(?:http\.request\.header\.|user_agent\.|url\.query$)/,
  /^(?:audit\.(?:actor\.(?:client_id|tenant)|cors\.|decisions$|policy$|reported\.|reports$|row$|rule$|system_code$)|http\.route$|url\.path$|user\.roles$)/,
];
/** What every record keeps: what it is, where it stands in its stream, which request it belongs to, and from where that came. */
const ALWAYS =
  /^(?:@timestamp$|audit\.(?:action|actor\.type$|event\.source$|outcome|record\.|schema\.|sequence\.|severity|truncated)|client\.address$|event\.name$|http\.request\.(?:id|method)$|http\.response\.status_code$|observed_timestamp$|span_id$|trace_)/;
/** What it keeps the beginning of. Nobody must be able to hide who they are behind much that they send. */
const CUT = /^(?:audit\.actor\.id|service\.(?:instance\.id|name))$/;

/**
 * Makes the function that writes records of at most so many bytes, without their line end. A longer one is written anew
 * with fewer members, until it fits: first without fields of the app, then without header fields, then without the details
 * of decisions, at last with little more than its ids, who called, and where. It says so in a member of its own.
 *
 * Writing a record must change nothing: it happens up to five times.
 *
 * @param columns - Of whole records.
 * @param truncated - The column that says so.
 * @param cut - Makes a column with no more than the beginning of its text.
 * @param createTable - Makes the function that writes records with some of the columns.
 */
export function createBoundedRecord<Facts, Column extends { readonly name: string }>(
  columns: readonly Column[],
  truncated: Column,
  maxBytes: number,
  cut: (column: Column) => Column,
  createTable: (columns: readonly Column[]) => (facts: Facts) => string,
): (facts: Facts) => string {
  const whole = createTable(columns);
  // Made when the first record is too long: most logs never see one.
  let shorter: readonly ((facts: Facts) => string)[] | undefined;

  return function boundedRecord(facts) {
    let line = whole(facts);
    // A UTF-16 code unit has at most three bytes in UTF-8.
    if (line.length * 3 <= maxBytes || Buffer.byteLength(line) <= maxBytes) return line;
    shorter ??= reductions(columns, cut).map((kept) => createTable([...kept, truncated]));
    for (const record of shorter) {
      line = record(facts);
      if (Buffer.byteLength(line) <= maxBytes) break;
    }
    return line;
  };
}

function reductions<Column extends { readonly name: string }>(
  columns: readonly Column[],
  cut: (column: Column) => Column,
): readonly (readonly Column[])[] {
  const kept: (readonly Column[])[] = [];
  let rest = columns;
  for (const loss of LOSSES) {
    rest = rest.filter(({ name }) => !loss.test(name));
    kept.push(rest);
  }
  kept.push([
    ...columns.filter(({ name }) => ALWAYS.test(name)),
    ...columns.filter(({ name }) => CUT.test(name)).map(cut),
  ]);
  return kept;
}
