/** The labels of certificates (RFC 7468 §5.1, and an old one that OpenSSL reads as well). */
export const CERTIFICATES = "(?:X509 )?CERTIFICATE";
/** The label of revocation lists (RFC 7468 §7). */
export const REVOCATIONS = "X509 CRL";

/**
 * The blocks with a label in a text in PEM. `undefined` when one has no end: the text is written at this moment, or was
 * cut off.
 */
export function pemBlocks(text: string, label: string): string[] | undefined {
  const blocks = text.match(new RegExp(`-----BEGIN ${label}-----[^-]*-----END ${label}-----`, "g"));
  const begins = text.match(new RegExp(`-----BEGIN ${label}-----`, "g"));
  return blocks?.length === begins?.length ? [...(blocks ?? [])] : undefined;
}
