import { isInstance } from "../../core/calls/is-instance.js";
import { isRefused, refused } from "../../core/refusal/refused.js";
import { type FetchLimits, fetchJson } from "./fetch-json.js";
import { KeyOutage } from "./key-outage.js";
import { isLoopback, parseSecureUrl } from "./secure-url.js";

/**
 * Finds the key set of an issuer in its metadata: at `metadataUrl` when given, else where OpenID
 * Connect Discovery §4 appends its suffix, else where RFC 8414 §3 inserts its own.
 *
 * @returns The `jwks_uri`.
 * @throws {@link KeyOutage}, and nothing else.
 */
export async function discoverJwksUri(
  issuer: string,
  metadataUrl: string | undefined,
  limits: FetchLimits,
): Promise<string> {
  const metadata = await fetchMetadata(issuer, metadataUrl, limits);
  // RFC 8414 §3.3, OpenID Connect Discovery §4.3: identical, code point by code point; a trailing
  // slash matters.
  if (metadata["issuer"] !== issuer) {
    throw new KeyOutage("metadata_mismatch", `the metadata of ${issuer} names another issuer`);
  }
  const jwksUri = metadata["jwks_uri"];
  const url =
    typeof jwksUri === "string" ? parseSecureUrl(jwksUri, limits.httpHosts) : refused("a string");
  if (isRefused(url)) {
    throw new KeyOutage("keys_bad_answer", `the jwks_uri of ${issuer} must be ${url.refused}`);
  }
  // Only an issuer on this machine may send us to another service on it. Hosts that the app names
  // were meant by the app, and not by the issuer.
  const isNamed = limits.httpHosts.includes(url.host);
  if (url.protocol === "http:" && !isNamed && !isLoopback(new URL(metadataUrl ?? issuer))) {
    throw new KeyOutage("keys_bad_answer", `the jwks_uri of ${issuer} must be an https: URL`);
  }
  return url.href;
}

async function fetchMetadata(
  issuer: string,
  metadataUrl: string | undefined,
  limits: FetchLimits,
): Promise<Readonly<Record<string, unknown>>> {
  if (metadataUrl !== undefined) return fetchJson(metadataUrl, limits);
  try {
    return await fetchJson(openidUrl(issuer), limits);
  } catch (error) {
    // Another answer than metadata: the server is there and may keep them elsewhere.
    if (!isInstance(error, KeyOutage) || error.reason !== "keys_bad_answer") throw error;
    return fetchJson(rfc8414Url(issuer), limits).catch((second: KeyOutage) => {
      throw second.reason === "keys_bad_answer" ? error : second;
    });
  }
}

function openidUrl(issuer: string): string {
  return `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
}

function rfc8414Url(issuer: string): string {
  const url = new URL(issuer);
  url.pathname = `/.well-known/oauth-authorization-server${url.pathname.replace(/\/$/, "")}`;
  return url.href;
}
