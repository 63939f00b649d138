import type { Request } from "express";

/** Fields that hold a credential: the standard ones, and those that many APIs take a key from. */
const FIELDS = [
  "authorization",
  "cookie",
  "proxy-authorization",
  "dpop",
  "x-api-key",
  "api-key",
  "apikey",
  "x-auth-token",
  "x-access-token",
] as const;

/** Parameters of a query that do: `access_token` of RFC 6750 §2.3, and others that packages read. */
const PARAMETERS: ReadonlySet<string> = new Set([
  "access_token",
  "id_token",
  "refresh_token",
  "client_secret",
  "api_key",
  "apikey",
  "api-key",
  "password",
]);

/** Whether the request carried something in plain text that lets whoever reads it act for the caller. */
export function hasPlaintextCredential(req: Request): boolean {
  for (const field of FIELDS) if (req.headers[field] !== undefined) return true;
  const query = req.originalUrl.indexOf("?");
  if (query === -1) return false;
  for (const name of new URLSearchParams(req.originalUrl.slice(query)).keys())
    if (isCredential(name.toLowerCase())) return true;
  return false;
}

/** Also as parsers of nested queries read it: `access_token[]` and `[access_token]`. */
function isCredential(name: string): boolean {
  if (PARAMETERS.has(name)) return true;
  return name.includes("[") && name.split(/[[\]]/).some((part) => PARAMETERS.has(part));
}
