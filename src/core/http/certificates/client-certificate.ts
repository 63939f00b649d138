import { createHash, type X509Certificate } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { TLSSocket } from "node:tls";
import { refuseMounting } from "../../calls/refuse-mounting.js";

/** The parts of a distinguished name, by their short names: `{ CN: "orders-service", O: "Example" }`. */
export type DistinguishedName = Readonly<Record<string, string | readonly string[]>>;

/** The certificate of a client that this server has verified. Frozen. */
export interface ClientCertificate {
  readonly subject: DistinguishedName;
  readonly issuer: DistinguishedName;
  /** With their kinds: `"DNS:orders.internal"`, `"URI:spiffe://example.org/orders"`. */
  readonly subjectAltNames: readonly string[];
  /** In hex. It is unique for its issuer only. */
  readonly serialNumber: string;
  /** SHA-256 of the certificate, in hex with colons. */
  readonly fingerprint256: string;
  /** SHA-256 of the certificate in base64url, as access tokens name it (`cnf["x5t#S256"]`, RFC 8705 §3.1). */
  readonly thumbprint: string;
  /** The first moment at which it is valid (ISO 8601). */
  readonly validFrom: string;
  /** The last moment at which it is valid (ISO 8601). */
  readonly validTo: string;
}

const ALTERNATIVE = /([^:,]+:(?:"(?:[^"\\]|\\.)*"|[^,]*))(?:, |$)/gy;

/**
 * The certificate with which the client of this connection has shown who it is (mutual TLS), over HTTP/1.1 and HTTP/2.
 * Only one that the server has verified: signed by an authority of `mtls.ca`, in its time when you ask, and not revoked
 * at its handshake where there are revocation lists.
 *
 * `undefined` when there is none, when it could not be verified (as `mtls: { required: false }` lets happen), and behind
 * a proxy that ends TLS. It says who the client is, not what it may do.
 *
 * @throws MountingError when it is mounted as a middleware.
 */
export function getClientCertificate(req: IncomingMessage): ClientCertificate | undefined;
export function getClientCertificate(
  req: IncomingMessage,
  _res?: unknown,
  next?: unknown,
): ClientCertificate | undefined {
  if (next !== undefined) refuseMounting("getClientCertificate", next);
  const certificate = isAuthorized(req) ? peerCertificate(req) : undefined;
  return certificate && isInTime(certificate) ? describe(certificate) : undefined;
}

/** A session that is resumed, and a connection that stays open, outlive the certificate that began them. */
export function isInTime(certificate: X509Certificate): boolean {
  const now = Date.now();
  return now >= Date.parse(certificate.validFrom) && now <= Date.parse(certificate.validTo);
}

/**
 * The certificate of this connection, whoever has signed it: the client has its key, and that is all that is known.
 * `undefined` when there is none.
 */
export function peerCertificate(req: IncomingMessage): X509Certificate | undefined {
  try {
    // A session that is resumed without a certificate counts as authorized in Node.js: look at the certificate itself.
    return (req.socket as Partial<TLSSocket>).getPeerX509Certificate?.();
  } catch {
    // HTTP/2 gives no socket any more once the session is gone.
    return undefined;
  }
}

/** SHA-256 of a certificate in DER, in base64url: `x5t#S256` of RFC 8705 §3.1. */
export function thumbprintOf(der: Uint8Array): string {
  return createHash("sha256").update(der).digest("base64url");
}

function isAuthorized(req: IncomingMessage): boolean {
  try {
    return (req.socket as Partial<TLSSocket>).authorized === true;
  } catch {
    return false;
  }
}

function describe(certificate: X509Certificate): ClientCertificate {
  const { subject, issuer } = certificate.toLegacyObject();
  return Object.freeze({
    subject: nameOf(subject),
    issuer: nameOf(issuer),
    subjectAltNames: Object.freeze(alternativesOf(certificate.subjectAltName ?? "")),
    serialNumber: certificate.serialNumber,
    fingerprint256: certificate.fingerprint256,
    thumbprint: thumbprintOf(certificate.raw),
    validFrom: new Date(certificate.validFrom).toISOString(),
    validTo: new Date(certificate.validTo).toISOString(),
  });
}

function nameOf(parts: object | undefined): DistinguishedName {
  const name: Record<string, string | readonly string[]> = Object.create(null);
  for (const [key, value] of Object.entries(parts ?? {}))
    name[key] = Array.isArray(value) ? Object.freeze(value.map(String)) : String(value);
  return Object.freeze(name);
}

/** Node.js quotes what could be taken for a second name, as in JSON. */
function alternativesOf(text: string): string[] {
  return [...text.matchAll(ALTERNATIVE)].map(([, name = ""]) => {
    const quote = name.indexOf(':"');
    if (quote === -1) return name;
    return `${name.slice(0, quote)}:${String(JSON.parse(name.slice(quote + 1)))}`;
  });
}
