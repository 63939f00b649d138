import { createPublicKey, type JsonWebKey } from "node:crypto";
import type { AcceptedJwk } from "./key-policy.js";
import type { KeyCandidate } from "./key-ring.js";

/** Makes a key of an accepted JWK with Node's own parser; `undefined` if it cannot be read. */
export function importJwk({ kid, algorithm, jwk }: AcceptedJwk): KeyCandidate | undefined {
  try {
    return { kid, algorithm, key: createPublicKey({ key: jwk as JsonWebKey, format: "jwk" }) };
  } catch {
    return undefined;
  }
}
