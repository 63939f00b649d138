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

/** What was found when the request came. */
export interface PresentedCertificate {
  readonly der: Buffer | undefined;
}

/** Why a good token does not count on this connection. */
export type BindingFault = "unbound_token" | "no_client_certificate" | "certificate_mismatch";

/**
 * The certificate with which this request came, in DER; `undefined` when there is none.
 *
 * It need not be of an authority that this server knows: the token names it, and the handshake has shown that the client
 * has its key.
 *
 * @see RFC 8705 §6.2
 */
export function presentedCertificate(
  { forwarded }: BindingSettings,
  req: Request,
): Buffer | undefined {
  return forwarded?.isTrusted(peerOf(req)) === true
    ? forwardedCertificate(req, forwarded.header)
    : peerCertificate(req)?.raw;
}

/**
 * Holds a token against the client certificate with which it came. It is asked on every request: the same token may come
 * on another connection.
 *
 * @param thumbprint - The one that the token is bound to; `undefined` when it is bound to none.
 * @param seen - What was presented, for a connection that may be gone by now. Default: it is looked at now.
 * @see RFC 8705 §3
 */
export function checkBinding(
  settings: BindingSettings,
  thumbprint: string | undefined,
  req: Request,
  seen?: PresentedCertificate,
): BindingFault | undefined {
  if (thumbprint === undefined) return settings.required ? "unbound_token" : undefined;
  const der = seen === undefined ? presentedCertificate(settings, req) : seen.der;
  if (der === undefined) return "no_client_certificate";
  return isSame(thumbprintOf(der), thumbprint) ? undefined : "certificate_mismatch";
}

function peerOf(req: Request): string | undefined {
  try {
    return req.socket.remoteAddress;
  } catch {
    // HTTP/2 gives no socket any more once the session is gone.
    return undefined;
  }
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
