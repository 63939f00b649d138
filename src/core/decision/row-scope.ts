/**
 * The row of a table of routes whose guards are being made. Of the process, because factories of guards take the options
 * of users and nothing else; set only while one of them runs, which is synchronous.
 */
let current: string | undefined;

/** Makes guards for a row of a table: their refusals say which row asked for it. */
export function makeForRow<T>(row: string, make: () => T): T {
  const outer = current;
  current = row;
  try {
    return make();
  } finally {
    current = outer;
  }
}

/** The row for which guards are being made right now, by its pattern. */
export function rowInScope(): string | undefined {
  return current;
}
