const INSTANT =
  /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2})(:\d{2})?(\.\d{1,3})?(Z|[+-]\d{2}:\d{2})?)?$/;

/**
 * Parses a time as people write it on a command line: a day, or ISO 8601 with minutes or seconds. Without a zone it is
 * UTC, as all times of the log are.
 *
 * @returns Milliseconds since the epoch, or `undefined` when there is no such time.
 */
export function parseInstant(text: string): number | undefined {
  const parts = INSTANT.exec(text);
  if (parts === null) return undefined;
  const [, day, clock = "00:00", seconds = ":00", fraction = "", zone = "Z"] = parts;
  if (seconds === ":00" && parts[3] === undefined && fraction !== "") return undefined;
  const time = Date.parse(`${day}T${clock}${seconds}${fraction}${zone}`);
  // The parser makes March 2 of February 30.
  const exists = !Number.isNaN(time) && isDay(day ?? "");
  return exists ? time : undefined;
}

function isDay(day: string): boolean {
  const time = Date.parse(`${day}T00:00:00Z`);
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(day);
}
