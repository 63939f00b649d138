import type { KeyObject } from "node:crypto";
import { canonicalAlgorithm } from "./algorithms.js";
import { type KeyRing, UNKNOWN_KEY, type VerificationKey } from "./key-ring.js";

/** A key that was given as such, and so has no `kid`. */
export interface ListedKey {
  readonly algorithm: string;
  readonly key: KeyObject;
  readonly isShort?: boolean;
}

/** More than a rotation needs. Each of them may be tried for a token, so the number bounds the work. */
export const MAX_LISTED_KEYS = 10;

/**
 * Keys without names, as an app has them while it changes from one to the next. Those of the
 * algorithm of a token are tried in their order.
 */
export function createKeyList(listed: readonly ListedKey[]): KeyRing {
  const first = new Map<string, VerificationKey>();
  const keys: VerificationKey[] = [];
  for (const one of listed.toReversed()) {
    const { algorithm, key: material, isShort = false } = one;
    const next = first.get(algorithm);
    const key = { kid: undefined, algorithm, key: material, next, isShort };
    first.set(algorithm, key);
    keys.unshift(key);
  }
  return {
    keys,
    refused: [],
    has: (key) => keys.includes(key),
    find: (_kid, algorithm) => first.get(canonicalAlgorithm(algorithm)) ?? UNKNOWN_KEY,
  };
}
