import type { KeyObject } from "node:crypto";
import { isPrintableAscii } from "../../core/http/header-values.js";
import { isPlainObject } from "../../core/options/value.js";
import { PUBLIC_KEY_ALGORITHMS } from "./algorithms.js";

/** The public members of a JWK, and nothing else. */
interface PublicJwk {
  readonly kty: string;
  readonly [member: string]: string;
}

/** A JWK that may verify signatures, as far as its text tells. */
export interface AcceptedJwk {
  readonly kid: string | undefined;
  /** The algorithm that the JWK states. */
  readonly algorithm: string | undefined;
  readonly jwk: PublicJwk;
}

/** A JWK that may not. `foreign`: a good key for another purpose, as key sets often hold. */
export interface RefusedJwk {
  readonly refused: string;
  readonly foreign: boolean;
}

const MEMBERS: Readonly<Record<string, readonly string[]>> = {
  RSA: ["n", "e"],
  EC: ["crv", "x", "y"],
  OKP: ["crv", "x"],
};
/** P-256K, Ed448, X25519 and the rest have no place among the algorithms we verify. */
const CURVES: readonly string[] = ["P-256", "P-384", "P-521", "Ed25519"];
/** RFC 7518 §6.2.2, §6.3.2, §6.4.1. */
const PRIVATE_MEMBERS: readonly string[] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];
const MIN_RSA_BITS = 2048;
/** Verification takes longer with the size: this is the largest that OpenSSL verifies with. */
const MAX_RSA_BITS = 16_384;
const MIN_RSA_EXPONENT = 65_537n;
const MAX_RSA_EXPONENT = 2n ** 256n;
/** The primes below 752, multiplied. */
const SMALL_PRIMES = primesBelow(752).reduce((product, prime) => product * prime, 1n);

/** Judges a JWK by its members (RFC 7517 §4). */
export function checkJwk(jwk: unknown): AcceptedJwk | RefusedJwk {
  if (!isPlainObject(jwk)) return bad("a JSON Web Key");
  const own: Record<string, unknown> = Object.assign(Object.create(null), jwk);
  const { kty, use, key_ops: operations, alg: algorithm, kid } = own;
  if (kty === "oct") return bad("a public key, not a symmetric one");
  const members = typeof kty === "string" && Object.hasOwn(MEMBERS, kty) ? MEMBERS[kty] : undefined;
  if (members === undefined) return foreign("of a supported key type (RSA, EC, OKP)");
  if (PRIVATE_MEMBERS.some((name) => own[name] !== undefined)) {
    return bad("a public key: it contains private members and must be considered compromised");
  }
  if (use !== undefined && use !== "sig") return foreign('meant for signatures ("use")');
  if (operations !== undefined && !(Array.isArray(operations) && operations.includes("verify"))) {
    return foreign('meant for verification ("key_ops")');
  }
  if (algorithm !== undefined && !PUBLIC_KEY_ALGORITHMS.some((name) => name === algorithm)) {
    return foreign('meant for a supported signature algorithm ("alg")');
  }
  if (kid !== undefined && !isKid(kid)) return bad('named by a printable string ("kid")');
  const material = pick(own, members);
  if (material === undefined) return bad(`complete: ${members.join(", ")} must be strings`);
  if (kty !== "RSA" && !CURVES.includes(material["crv"] ?? ""))
    return foreign("on a supported curve");
  return {
    kid: kid as string | undefined,
    algorithm: algorithm as string | undefined,
    jwk: { kty: kty as string, ...material },
  };
}

/** What is wrong with a public key itself, whatever form it came in. */
export function weaknessOf(key: KeyObject): string | undefined {
  if (key.type !== "public") return "a public key";
  if (key.asymmetricKeyType !== "rsa") return undefined;
  const { modulusLength = 0, publicExponent = 0n } = key.asymmetricKeyDetails ?? {};
  // RFC 7518 §3.3; FIPS 186-5 §5.1 and §A.1.1 for the exponent.
  if (modulusLength < MIN_RSA_BITS) return `an RSA key of at least ${MIN_RSA_BITS} bits`;
  if (modulusLength > MAX_RSA_BITS) return `an RSA key of at most ${MAX_RSA_BITS} bits`;
  if (publicExponent < MIN_RSA_EXPONENT || publicExponent % 2n === 0n) {
    return `an RSA key with an odd exponent of at least ${MIN_RSA_EXPONENT}`;
  }
  if (publicExponent >= MAX_RSA_EXPONENT) return "an RSA key with an exponent below 2^256";
  // NIST SP 800-89 §5.3.3: whoever finds a factor has the private key, and 2 is the first to try.
  if (greatestCommonDivisor(SMALL_PRIMES, modulusOf(key)) !== 1n) {
    return "an RSA key with an odd modulus that no small prime divides";
  }
  return undefined;
}

function modulusOf(key: KeyObject): bigint {
  const bytes = Buffer.from(key.export({ format: "jwk" }).n ?? "", "base64url");
  return BigInt(`0x0${bytes.toString("hex")}`);
}

function greatestCommonDivisor(one: bigint, other: bigint): bigint {
  let [larger, smaller] = [one, other];
  while (smaller !== 0n) [larger, smaller] = [smaller, larger % smaller];
  return larger;
}

function primesBelow(limit: number): readonly bigint[] {
  const primes: number[] = [];
  for (let number = 2; number < limit; number += 1) {
    if (!primes.some((prime) => number % prime === 0)) primes.push(number);
  }
  return primes.map(BigInt);
}

function isKid(kid: unknown): boolean {
  return typeof kid === "string" && kid !== "" && kid.length <= 256 && isPrintableAscii(kid);
}

function pick(
  own: Readonly<Record<string, unknown>>,
  names: readonly string[],
): Record<string, string> | undefined {
  const picked: Record<string, string> = {};
  for (const name of names) {
    const value = own[name];
    if (typeof value !== "string" || value === "") return undefined;
    picked[name] = value;
  }
  return picked;
}

function bad(must: string): RefusedJwk {
  return { refused: must, foreign: false };
}

function foreign(must: string): RefusedJwk {
  return { refused: must, foreign: true };
}
