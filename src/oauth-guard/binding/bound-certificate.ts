import { type Claims, claimAt } from "../../core/principal/names/claim-source.js";

/** SHA-256 in base64url, without padding. */
const THUMBPRINT = /^[\w-]{43}$/;
const METHOD = "x5t#S256";

/**
 * The thumbprint of the certificate that a token is bound to. `undefined` when it is bound to none, or to something else
 * as well, which nobody here can check.
 *
 * @see RFC 8705 §3.1 and RFC 7800 §3.1
 */
export function boundCertificate(claims: Claims): string | undefined {
  const confirmation = claimAt(claims, "cnf");
  if (typeof confirmation !== "object" || confirmation === null) return undefined;
  const [method, ...others] = Object.keys(confirmation);
  if (method !== METHOD || others.length > 0) return undefined;
  const value: unknown = (confirmation as Readonly<Record<string, unknown>>)[METHOD];
  return typeof value === "string" && THUMBPRINT.test(value) ? value : undefined;
}
