import { verify as verifyBytes } from "node:crypto";
import type { Algorithm } from "jsonwebtoken";
import type { VerificationKey } from "./keys/key-ring.js";
import type { ParsedToken } from "./parse-token.js";

/** Whether the key signed the token with the one algorithm that it is used with. */
export type SignatureCheck = (token: ParsedToken, key: VerificationKey) => boolean;

/**
 * Creates the check of signatures. jsonwebtoken gets a `KeyObject`, never a string that it could
 * take for a secret, and a single algorithm; Ed25519, which it does not know, is Node's own.
 *
 * jsonwebtoken, with its 75 files, is loaded here and not with this library: an app that knows its
 * callers by other means never loads it, and no request waits for it.
 */
export function createSignatureCheck(): SignatureCheck {
  const jsonwebtoken = require("jsonwebtoken") as typeof import("jsonwebtoken");

  return function hasValidSignature(token, { key, algorithm }) {
    try {
      if (algorithm === "EdDSA") {
        const signature = Buffer.from(token.signature, "base64url");
        return verifyBytes(null, Buffer.from(token.signingInput), key, signature);
      }
      // Dates are checked elsewhere, with the cache's rules in one place.
      jsonwebtoken.verify(token.token, key, {
        algorithms: [algorithm as Algorithm],
        ignoreExpiration: true,
        ignoreNotBefore: true,
      });
      return true;
    } catch {
      // Whatever it threw, the signature was not found valid.
      return false;
    }
  };
}
