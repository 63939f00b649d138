import { createPublicKey } from "node:crypto";
import type { JwksClient } from "jwks-rsa";
import { KeyOutage } from "../fetch/key-outage.js";
import { importJwk } from "./import-jwk.js";
import { type AcceptedJwk, checkJwk, type RefusedJwk } from "./key-policy.js";
import type { KeyCandidate } from "./key-ring.js";

/**
 * Parses the keys of a fetched set with jwks-rsa, which gets only what our own policy lets through:
 * the key has to pass both. Fetching, caching and scheduling are not left to it.
 *
 * jwks-rsa is loaded here, at the first set, and not with this library: version 4 cannot be loaded
 * under Jest on current Node, and an app must be importable there. Where it cannot be loaded,
 * Node's own parser stands in; our policy judges the same keys before and after.
 *
 * @throws {@link KeyOutage}, and nothing else.
 */
export async function parseJwks(keys: readonly unknown[]): Promise<readonly KeyCandidate[]> {
  const accepted = keys.map(checkJwk).filter(isAccepted);
  if (accepted.length === 0) return [];
  // Numbered, so that each result leads back to its JWK whatever kid that has.
  const numbered = accepted.map(({ jwk }, index) => ({ ...jwk, kid: String(index), use: "sig" }));
  const client = createClient(numbered);
  if (client === undefined) return accepted.map(importJwk).filter((key) => key !== undefined);
  try {
    const parsed = await client.getSigningKeys();
    return parsed.map((key) => candidateOf(accepted[Number(key.kid)], key.getPublicKey()));
  } catch (error) {
    throw new KeyOutage("no_usable_keys", "the key set holds no key that can be read", error);
  }
}

function isAccepted(jwk: AcceptedJwk | RefusedJwk): jwk is AcceptedJwk {
  return !("refused" in jwk);
}

function createClient(keys: readonly object[]): JwksClient | undefined {
  const Client = loadClient();
  if (Client === undefined) return undefined;
  // It asks this function in place of the network. Its cache, its rate limit, its agents and its
  // middlewares for Express and koa are not used.
  return new Client({ cache: false, rateLimit: false, fetcher: async () => ({ keys }) });
}

function loadClient(): typeof JwksClient | undefined {
  try {
    return (require("jwks-rsa") as typeof import("jwks-rsa")).JwksClient;
  } catch {
    return undefined;
  }
}

function candidateOf(jwk: AcceptedJwk | undefined, pem: string): KeyCandidate {
  return { kid: jwk?.kid, algorithm: jwk?.algorithm, key: createPublicKey(pem) };
}
