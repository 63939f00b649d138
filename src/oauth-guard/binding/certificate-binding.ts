import { timingSafeEqual } from "node:crypto";
import type { Request } from "express";
import { peerCertificate, thumbprintOf } from "../../core/http/certificates/client-certificate.js";
import { parseForwardedCertificate } from "../../core/http/certificates/forwarded-certificate.js";
import type { PeerCheck } from "../../core/http/trusted-peers.js";

/** How the certificate of the client is found, and whether tokens must be bound to it. */
export interface BindingSettings {
  readonly required: boolean;
  /** The field of a proxy, in lower case, and who may send it. */
  readonly forwarded: { readonly header: string; readonly isTrusted: PeerCheck } | undefined;
}

/** Why a good token does not count on this connection. */
export type BindingFault = "unbound_token" | "no_client_certificate" | "certificate_mismatch";

/**
 * Holds a token against the client certificate of the connection on which it came. It is asked on every request: the
 * same token may come on another connection.
 *
 * The certificate need not be of an authority that this server knows: the token names it, and the handshake has shown
 * that the client has its key.
 *
 * @param thumbprint - The one that the token is bound to; `undefined` when it is bound to none.
 * @see RFC 8705 §3 and §6.2
 */
export function checkBinding(
  { required, forwarded }: BindingSettings,
  thumbprint: string | undefined,
  req: Request,
): BindingFault | undefined {
  if (thumbprint === undefined) return required ? "unbound_token" : undefined;
  const der =
    forwarded?.isTrusted(req.socket.remoteAddress) === true
      ? forwardedCertificate(req, forwarded.header)
      : peerCertificate(req)?.raw;
  if (der === undefined) return "no_client_certificate";
  return isSame(thumbprintOf(der), thumbprint) ? undefined : "certificate_mismatch";
}

/** Never the certificate of the proxy itself, when the field is missing. */
function forwardedCertificate(req: Request, header: string): Buffer | undefined {
  const value = req.headers[header];
  return typeof value === "string" ? parseForwardedCertificate(value) : undefined;
}

function isSame(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}
