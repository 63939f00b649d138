import { bytesOf } from "./ed25519.js";

/** What was said of a checkpoint at the time it was written, and kept where nobody could change it. */
export interface Anchor {
  readonly stream: string;
  readonly number: number;
  /** Of the line of the checkpoint. */
  readonly hash: string;
  /** The first key of the stream. */
  readonly publicKey: string | undefined;
}

const UUID = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/;
const HASH_BYTES = 32;

/** Reads one line of a file with anchors; `undefined` when it is none. */
export function parseAnchor(line: string): Anchor | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof parsed !== "object" || parsed === null) return undefined;
  const { stream, number, hash, publicKey } = parsed as Partial<Record<keyof Anchor, unknown>>;
  if (typeof stream !== "string" || !UUID.test(stream)) return undefined;
  if (!Number.isSafeInteger(number) || (number as number) < 1) return undefined;
  if (bytesOf(hash, HASH_BYTES) === undefined) return undefined;
  if (publicKey !== undefined && bytesOf(publicKey, HASH_BYTES) === undefined) return undefined;
  return {
    stream,
    number: number as number,
    hash: hash as string,
    publicKey: publicKey as string | undefined,
  };
}

/** The anchors of one verification. */
export class Anchors {
  readonly #streams = new Map<string, Map<number, Anchor>>();
  /** Anchors that contradict an earlier one of the same number: there were two logs. */
  readonly contradicting: Anchor[] = [];
  count = 0;

  add(anchor: Anchor): void {
    const { stream, number, hash } = anchor;
    let numbers = this.#streams.get(stream);
    if (numbers === undefined) {
      numbers = new Map();
      this.#streams.set(stream, numbers);
    }
    const known = numbers.get(number);
    if (known === undefined) {
      numbers.set(number, anchor);
      this.count += 1;
    } else if (known.hash !== hash && this.contradicting.length < MAX_CONTRADICTING) {
      this.contradicting.push(anchor);
    }
  }

  of(stream: string): ReadonlyMap<number, Anchor> | undefined {
    return this.#streams.get(stream);
  }

  streams(): IterableIterator<string> {
    return this.#streams.keys();
  }
}

const MAX_CONTRADICTING = 100;
