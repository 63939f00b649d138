import type { SystemFields } from "../record/system-record.js";
import { DirectTransport } from "../sinks/direct-transport.js";

/** The stream that a file held when it was opened. */
interface PreviousStream {
  readonly stream: string;
  /** Of its last whole line. */
  readonly number: number;
  /** SHA-256 of that line without its line end, as base64url without padding. */
  readonly hash: string;
  /** Whether the file ended in the middle of a line behind it. */
  readonly torn?: boolean | undefined;
}

/** One of our sinks, which may have found one. */
type Recovered = DirectTransport & { readonly previous?: PreviousStream | undefined };

/**
 * Members for the first record of a stream that name the one before it, in the first of the sinks that holds one: so that
 * the end of that one cannot be cut off without a contradiction.
 */
export function previousFields(sinks: readonly object[]): SystemFields {
  for (const sink of sinks) {
    const previous = sink instanceof DirectTransport ? (sink as Recovered).previous : undefined;
    if (previous !== undefined) return fieldsOf(previous);
  }
  return {};
}

function fieldsOf({ stream, number, hash, torn }: PreviousStream): SystemFields {
  return {
    "audit.previous.hash": hash,
    "audit.previous.number": number,
    "audit.previous.stream_id": stream,
    ...(torn === true ? { "audit.previous.torn": true } : {}),
  };
}
