import { isPlainObject } from "../../core/options/value.js";
import { importJwk } from "./import-jwk.js";
import { checkJwk } from "./key-policy.js";
import { createKeyRing, type KeyCandidate, type KeyRing } from "./key-ring.js";

/** A JSON Web Key (RFC 7517 §4). */
export interface Jwk {
  readonly kty: string;
  readonly [member: string]: unknown;
}

/** A JSON Web Key Set (RFC 7517 §5). */
export interface JwkSet {
  readonly keys: readonly Jwk[];
}

/** More keys than any issuer needs at one time. */
export const MAX_KEYS = 100;

/** Whether the value has the form of a JWK Set with at most {@link MAX_KEYS} keys. */
export function isJwkSet(value: unknown): value is { readonly keys: readonly unknown[] } {
  if (!isPlainObject(value) || !Object.hasOwn(value, "keys")) return false;
  const { keys } = value;
  return Array.isArray(keys) && keys.length <= MAX_KEYS;
}

/**
 * Makes a ring of a JWK Set in memory. A key that is good for another purpose is left out without a
 * word.
 */
export function parseJwkSet(
  set: { readonly keys: readonly unknown[] },
  allowed: readonly string[],
  previous?: KeyRing,
): KeyRing {
  const refused: string[] = [];
  const candidates: KeyCandidate[] = [];
  for (const jwk of set.keys) {
    const checked = checkJwk(jwk);
    const candidate = "refused" in checked ? undefined : importJwk(checked);
    if (candidate !== undefined) candidates.push(candidate);
    else if (!("refused" in checked)) refused.push("a key that can be read");
    else if (!checked.foreign) refused.push(checked.refused);
  }
  const ring = createKeyRing(candidates, allowed, previous);
  return { ...ring, refused: [...refused, ...ring.refused] };
}
