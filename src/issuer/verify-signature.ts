import { verify as verifyBytes } from "node:crypto";
import jsonwebtoken from "jsonwebtoken";
import type { VerificationKey } from "./keys/key-ring.js";
import type { ParsedToken } from "./parse-token.js";

/**
 * Whether the key signed the token with the one algorithm that it is used with. jsonwebtoken gets a
 * `KeyObject`, never a string that it could take for a secret, and a single algorithm; Ed25519,
 * which it does not know, is Node's own.
 */
export function hasValidSignature(
  token: ParsedToken,
  { key, algorithm }: VerificationKey,
): boolean {
  try {
    if (algorithm === "EdDSA") {
      const signature = Buffer.from(token.signature, "base64url");
      return verifyBytes(null, Buffer.from(token.signingInput), key, signature);
    }
    // Dates are checked elsewhere, with the cache's rules in one place.
    jsonwebtoken.verify(token.token, key, {
      algorithms: [algorithm as jsonwebtoken.Algorithm],
      ignoreExpiration: true,
      ignoreNotBefore: true,
    });
    return true;
  } catch {
    // Whatever it threw, the signature was not found valid.
    return false;
  }
}
