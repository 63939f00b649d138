import {
  constants,
  generateKeyPairSync,
  type KeyObject,
  randomUUID,
  type SignKeyObjectInput,
  sign,
} from "node:crypto";

/** Algorithms that a test issuer can sign with. */
export const TEST_ALGORITHMS = [
  "ES256",
  "ES384",
  "ES512",
  "RS256",
  "RS384",
  "RS512",
  "PS256",
  "PS384",
  "PS512",
  "EdDSA",
  "Ed25519",
] as const;

/** Name of an algorithm that a test issuer can sign with. */
export type TestAlgorithm = (typeof TEST_ALGORITHMS)[number];

/** A JSON Web Key Set with public keys only. */
export interface TestJwkSet {
  readonly keys: readonly { readonly kty: string; readonly [member: string]: unknown }[];
}

/** A fresh key pair with its public half as a JWK. */
export interface SigningKey {
  readonly kid: string;
  readonly privateKey: KeyObject;
  readonly jwks: TestJwkSet;
}

const CURVES: Readonly<Record<string, string>> = { ES256: "P-256", ES384: "P-384", ES512: "P-521" };

/**
 * Makes a key pair for the algorithm. RSA takes a tenth of a second, the others next to nothing.
 */
export function createSigningKey(algorithm: TestAlgorithm): SigningKey {
  const { privateKey, publicKey } = generateKeyPair(algorithm);
  const kid = randomUUID();
  const { kty = "", ...members } = publicKey.export({ format: "jwk" });
  const jwk = Object.freeze({ kty, ...members, kid, alg: algorithm, use: "sig" });
  return { kid, privateKey, jwks: Object.freeze({ keys: Object.freeze([jwk]) }) };
}

/** Signs as RFC 7518 §3 says; the result is base64url. */
export function signText(text: string, algorithm: TestAlgorithm, key: KeyObject): string {
  const input: SignKeyObjectInput = { key };
  if (algorithm.startsWith("ES")) input.dsaEncoding = "ieee-p1363";
  if (algorithm.startsWith("PS")) {
    input.padding = constants.RSA_PKCS1_PSS_PADDING;
    input.saltLength = constants.RSA_PSS_SALTLEN_DIGEST;
  }
  const digest = algorithm.startsWith("Ed") ? null : `sha${algorithm.slice(2)}`;
  return sign(digest, Buffer.from(text), input).toString("base64url");
}

function generateKeyPair(algorithm: TestAlgorithm): {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
} {
  if (algorithm.startsWith("Ed")) return generateKeyPairSync("ed25519");
  const namedCurve = CURVES[algorithm];
  if (namedCurve !== undefined) return generateKeyPairSync("ec", { namedCurve });
  return generateKeyPairSync("rsa", { modulusLength: 2048 });
}
