/** Hashes for which collisions can be made, by the identifiers of the signature algorithms that use them, in hex. */
const BROKEN: Readonly<Record<string, string>> = {
  "2a864886f70d010102": "MD2",
  "2a864886f70d010104": "MD5",
  "2a864886f70d010105": "SHA-1",
  "2b0e03021d": "SHA-1",
  "2a8648ce3d0401": "SHA-1",
  "2a8648ce380403": "SHA-1",
};
const LONG_FORM = 0x80;
const MAX_LENGTH_BYTES = 4;

/**
 * The broken hash that a certificate is signed with, if it is one. Node.js before 24 does not tell the algorithm.
 *
 * @param der - `X509Certificate.raw`, which OpenSSL has parsed: it is well formed.
 * @see RFC 5280 §4.1 and §4.1.1.2
 */
export function brokenHashOf(der: Buffer): string | undefined {
  const certificate = contentAt(der, 0);
  const signed = contentAt(der, certificate.start);
  const algorithm = contentAt(der, signed.end);
  const identifier = contentAt(der, algorithm.start);
  return BROKEN[der.toString("hex", identifier.start, identifier.end)];
}

/** Where the content of the element at an offset stands. */
function contentAt(der: Buffer, offset: number): { readonly start: number; readonly end: number } {
  const first = der[offset + 1] ?? 0;
  if (first < LONG_FORM) return { start: offset + 2, end: offset + 2 + first };
  const bytes = first - LONG_FORM;
  const start = offset + 2 + bytes;
  // OpenSSL also reads BER, which has lengths of no bytes. Nothing is found then.
  if (bytes === 0 || bytes > MAX_LENGTH_BYTES || start > der.length) return { start, end: start };
  return { start, end: start + der.readUIntBE(offset + 2, bytes) };
}
