import type { KeyObject } from "node:crypto";
import type { Refused } from "../../core/refusal/refused.js";
import { algorithmOfKey, canonicalAlgorithm } from "./algorithms.js";
import { weaknessOf } from "./key-policy.js";

/** A key before it is judged. */
export interface KeyCandidate {
  readonly kid: string | undefined;
  /** The algorithm that its JWK states. */
  readonly algorithm: string | undefined;
  readonly key: KeyObject;
}

/** A key with the one algorithm it is used with. */
export interface VerificationKey {
  readonly kid: string | undefined;
  /** Canonical name: `EdDSA` stands for `Ed25519` too. */
  readonly algorithm: string;
  readonly key: KeyObject;
  /** Tried where the signature is not of this key: the next one of a list of keys without names. */
  readonly next: VerificationKey | undefined;
  /** A secret that is shorter than its hash. Only a guard in report mode has such a one. */
  readonly isShort: boolean;
}

/** No key of the ring has this `kid` and algorithm. */
export type UnknownKey = Refused<"unknown_key">;

export const UNKNOWN_KEY: UnknownKey = Object.freeze({ refused: "unknown_key" });

/** The usable keys of one issuer at one time. Never changed: a refresh makes a new one. */
export interface KeyRing {
  readonly keys: readonly VerificationKey[];
  /** What was left out, in words, for start-up errors. */
  readonly refused: readonly string[];
  has(key: VerificationKey): boolean;
  find(kid: string | undefined, algorithm: string): VerificationKey | UnknownKey;
}

/**
 * Judges the keys and indexes what is left by algorithm and `kid`. Two different keys under one
 * name are ambiguous: neither is used. A key that the previous ring held too stays the same object,
 * so that what it verified stays valid.
 */
export function createKeyRing(
  candidates: readonly KeyCandidate[],
  allowed: readonly string[],
  previous?: KeyRing,
): KeyRing {
  const refused: string[] = [];
  const named = new Map<string, VerificationKey | null>();
  const nameless: VerificationKey[] = [];
  for (const candidate of candidates) {
    const weakness = weaknessOf(candidate.key);
    const algorithm = algorithmOfKey(candidate.key, candidate.algorithm, allowed);
    if (weakness !== undefined) {
      refused.push(weakness);
    } else if (algorithm !== undefined) {
      const { kid, key: material } = candidate;
      // All members are own: a polluted `Object.prototype` adds no key to those that are tried.
      const key = reuse(previous, {
        kid,
        algorithm,
        key: material,
        next: undefined,
        isShort: false,
      });
      if (key.kid === undefined) nameless.push(key);
      else if (!addNamed(named, key)) refused.push("the only key with its kid and algorithm");
    }
  }
  const keys = [...[...named.values()].filter((key) => key !== null), ...nameless];
  const current = new Set(keys);
  return { keys, refused, has: (key) => current.has(key), find: finder(named, keys) };
}

function addNamed(named: Map<string, VerificationKey | null>, key: VerificationKey): boolean {
  const name = nameOf(key.kid, key.algorithm);
  const other = named.get(name);
  const clear = other === undefined || other?.key.equals(key.key) === true;
  named.set(name, clear ? key : null);
  return clear;
}

function finder(
  named: ReadonlyMap<string, VerificationKey | null>,
  keys: readonly VerificationKey[],
): KeyRing["find"] {
  // A token without kid can only mean the one key there is for its algorithm.
  const alone = new Map<string, VerificationKey>();
  for (const { algorithm } of keys) {
    const [only, second] = keys.filter((key) => key.algorithm === algorithm);
    if (only !== undefined && second === undefined) alone.set(algorithm, only);
  }
  return (kid, algorithm) => {
    const name = canonicalAlgorithm(algorithm);
    const found = kid === undefined ? alone.get(name) : named.get(nameOf(kid, name));
    return found ?? UNKNOWN_KEY;
  };
}

/** No algorithm has a space in its name, so no two pairs give the same name. */
function nameOf(kid: string | undefined, algorithm: string): string {
  return `${algorithm} ${kid}`;
}

function reuse(previous: KeyRing | undefined, key: VerificationKey): VerificationKey {
  const same = (other: VerificationKey): boolean =>
    other.kid === key.kid && other.algorithm === key.algorithm && other.key.equals(key.key);
  return previous?.keys.find(same) ?? key;
}
