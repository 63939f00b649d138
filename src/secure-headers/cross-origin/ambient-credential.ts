import type { TLSSocket } from "node:tls";
import type { Request } from "express";

/** Schemes that browsers repeat by themselves once the user has logged in (RFC 7617, 7616, 4559). */
const AMBIENT_SCHEME = /^(?:basic|digest|negotiate|ntlm)(?: |$)/i;
/** A client certificate that a proxy in front has checked (RFC 9440; Envoy). */
const CERTIFICATE_FIELDS = ["client-cert", "x-forwarded-client-cert"];

/**
 * Whether the request carries something that browsers attach for any site: a cookie, HTTP authentication or a client
 * certificate. A bearer token is not one: only code of the page that holds the token can send it.
 */
export function hasAmbientCredential(req: Request): boolean {
  const { authorization, cookie } = req.headers;
  if (cookie !== undefined) return true;
  if (authorization !== undefined && AMBIENT_SCHEME.test(authorization.trimStart())) return true;
  return (
    CERTIFICATE_FIELDS.some((name) => req.headers[name] !== undefined) || hasClientCertificate(req)
  );
}

function hasClientCertificate(req: Request): boolean {
  const socket = req.socket as Partial<TLSSocket>;
  if (socket.encrypted !== true || typeof socket.getPeerCertificate !== "function") return false;
  return Object.keys(socket.getPeerCertificate() ?? {}).length > 0;
}
