import { createHmac, type KeyObject } from "node:crypto";

/** A key of pseudonyms, and what records call it. */
export interface PseudonymKey {
  readonly id: string;
  readonly key: KeyObject;
}

/** What a pseudonym stands for. Equal texts of different kinds have different pseudonyms. */
type PseudonymKind = "subject" | "address" | "token";

/** Gives a text its pseudonym. */
export type Pseudonym = (kind: PseudonymKind, text: string) => string;

/** 128 bits: no two of a service's persons ever share one. */
const BYTES = 16;
/** Callers are few for each minute, and each pseudonym is a HMAC. */
const MAX_KNOWN = 2000;
const MAX_KNOWN_LENGTH = 512;

/**
 * Makes the function that gives pseudonyms: the id of the key, a colon, and the first 128 bits, as base64url, of the
 * HMAC-SHA-256 of `<kind>\n<text>` (UTF-8). The same text has the same pseudonym as long as the key is used. Without the
 * key, nobody can tell who it is, nor try out who it could be.
 */
export function createPseudonym({ id, key }: PseudonymKey): Pseudonym {
  const known = new Map<string, string>();

  return function pseudonym(kind, text) {
    const input = `${kind}\n${text}`;
    const earlier = known.get(input);
    if (earlier !== undefined) return earlier;
    const digest = createHmac("sha256", key).update(input).digest().subarray(0, BYTES);
    const made = `${id}:${digest.toString("base64url")}`;
    if (known.size >= MAX_KNOWN) known.clear();
    if (input.length <= MAX_KNOWN_LENGTH) known.set(input, made);
    return made;
  };
}
