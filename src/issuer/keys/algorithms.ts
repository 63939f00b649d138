import type { KeyObject } from "node:crypto";
import { closest } from "../../core/options/spelling.js";

/** Signature algorithms with a public key, in the order in which a key without `alg` takes them. */
export const PUBLIC_KEY_ALGORITHMS = [
  "RS256",
  "RS384",
  "RS512",
  "PS256",
  "PS384",
  "PS512",
  "ES256",
  "ES384",
  "ES512",
  "EdDSA",
  "Ed25519",
] as const;

/** Signature algorithms with a shared secret. */
export const SECRET_ALGORITHMS = ["HS256", "HS384", "HS512"] as const;

/**
 * A JWS algorithm that tokens may be signed with (RFC 7518 §3.1, RFC 8037, RFC 9864). Never `none`.
 */
export type Algorithm = (typeof PUBLIC_KEY_ALGORITHMS)[number] | (typeof SECRET_ALGORITHMS)[number];

const ALGORITHMS: readonly string[] = [...PUBLIC_KEY_ALGORITHMS, ...SECRET_ALGORITHMS];

/** What is wrong with a name that is none of the algorithms, as the rest of a sentence. */
export function algorithmFault(name: string): string | undefined {
  if (ALGORITHMS.includes(name)) return undefined;
  const meant = closest(name, ALGORITHMS);
  const fix = meant === undefined ? "" : `: did you mean "${meant}"?`;
  return `must only name ${ALGORITHMS.join(", ")}${fix}`;
}

const CURVE_ALGORITHMS: Readonly<Record<string, Algorithm>> = {
  prime256v1: "ES256",
  secp384r1: "ES384",
  secp521r1: "ES512",
};

/**
 * One name per algorithm: `Ed25519` is the fully specified name of what `EdDSA` means here (RFC
 * 9864 §2.2).
 */
export function canonicalAlgorithm(name: string): string {
  return name === "Ed25519" ? "EdDSA" : name;
}

/**
 * The one algorithm that a public key is used with (RFC 8725 §3.1): the stated one, else the first
 * of the allowed ones that fits its type.
 *
 * @returns The canonical name, or `undefined` when no allowed algorithm fits.
 */
export function algorithmOfKey(
  key: KeyObject,
  stated: string | undefined,
  allowed: readonly string[],
): string | undefined {
  const wanted = stated === undefined ? undefined : canonicalAlgorithm(stated);
  return allowed
    .map(canonicalAlgorithm)
    .find((name) => (wanted === undefined || wanted === name) && fits(key, name));
}

function fits(key: KeyObject, algorithm: string): boolean {
  switch (key.asymmetricKeyType) {
    case "rsa":
      return algorithm.startsWith("RS") || algorithm.startsWith("PS");
    case "ec":
      return CURVE_ALGORITHMS[key.asymmetricKeyDetails?.namedCurve ?? ""] === algorithm;
    case "ed25519":
      return algorithm === "EdDSA";
    default:
      return false;
  }
}
