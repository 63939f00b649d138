/** Where a record seems to belong whose text cannot be trusted. */
export interface GuessedPlace {
  readonly stream: string;
  readonly number: number;
  readonly previous: string;
  readonly chained: boolean;
}

const UUID = "[\\da-f]{8}(?:-[\\da-f]{4}){3}-[\\da-f]{12}";
const ID = new RegExp(`"audit\\.record\\.id"\\s{0,9}:\\s{0,9}"(${UUID})-([1-9]\\d{0,14})"`);
const STREAM = new RegExp(`"audit\\.sequence\\.stream_id"\\s{0,9}:\\s{0,9}"(${UUID})"`);
const NUMBER = /"audit\.sequence\.number"\s{0,9}:\s{0,9}([1-9]\d{0,14})(?!\d)/;
const PREVIOUS = /"audit\.sequence\.previous_hash"\s{0,9}:\s{0,9}"([\w-]{43})"/;
/** Of a longer line, the beginning must do. */
const MAX_SOUGHT = 64 * 1024;

/**
 * The stream and the number of a line by what its text looks like: of the id of the record first, because the chain has
 * just failed to say it.
 */
export function guessPlace(bytes: Buffer): GuessedPlace | undefined {
  const text = bytes.toString("latin1", 0, Math.min(bytes.length, MAX_SOUGHT));
  const [, idStream, idNumber] = ID.exec(text) ?? [];
  const [, sequenceStream] = STREAM.exec(text) ?? [];
  const [, sequenceNumber] = NUMBER.exec(text) ?? [];
  const stream = idStream ?? sequenceStream;
  const number = idNumber ?? sequenceNumber;
  if (stream === undefined || number === undefined) return undefined;
  const [, previous = ""] = PREVIOUS.exec(text) ?? [];
  const chained = text.includes('"audit.sequence.');
  return { stream, number: Number(number), previous, chained };
}
