import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { CERTIFICATES, pemBlocks } from "./pem-blocks.js";
import { brokenHashOf } from "./signature-hash.js";

/** Notes what is wrong, as the rest of a sentence about an option. */
export type Note = (sentence: string) => void;

const MIN_RSA_BITS = 2048;
/** On any other curve no handshake of the profiles completes. */
const CURVES = ["prime256v1", "secp384r1"];
const KEY_TYPES = ["rsa", "rsa-pss", "ec", "ed25519", "ed448"];

/** The certificates of a text in PEM, in their order. Notes what is none. */
export function parseCertificates(pem: string, note: Note): readonly X509Certificate[] {
  const blocks = pemBlocks(pem, CERTIFICATES);
  if (blocks === undefined) {
    note("must be certificates in PEM, got one that is cut off");
    return [];
  }
  if (blocks.length === 0) {
    const key = /-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(pem) ? ", got a private key" : "";
    note(`must be certificates in PEM (-----BEGIN CERTIFICATE-----)${key}`);
  }
  const certificates: X509Certificate[] = [];
  for (const [index, block] of blocks.entries()) {
    try {
      certificates.push(new X509Certificate(block));
    } catch {
      note(`must be certificates in PEM: number ${index + 1} of ${blocks.length} cannot be parsed`);
    }
  }
  return certificates.length === blocks.length ? certificates : [];
}

/** The private key of a text in PEM. Notes what is wrong with it, and never what stands in it. */
export function parsePrivateKey(
  pem: string,
  passphrase: string | undefined,
  note: Note,
): KeyObject | undefined {
  try {
    return createPrivateKey({ key: pem, ...(passphrase !== undefined && { passphrase }) });
  } catch {
    if (/-----BEGIN CERTIFICATE-----/.test(pem))
      note(
        "must be a private key in PEM, got a certificate: did key and certificate change places?",
      );
    else if (!/ENCRYPTED/.test(pem))
      note("must be a private key in PEM (-----BEGIN PRIVATE KEY-----)");
    else if (passphrase === undefined)
      note("must be a private key that can be read, got an encrypted one: give its passphrase");
    else note("must be a private key that can be read, got one that the passphrase does not open");
    return undefined;
  }
}

/** Whether the key belongs to the first certificate, which is the one of the server. */
export function checkKeyOf(chain: readonly X509Certificate[], key: KeyObject, note: Note): void {
  const owner = chain.findIndex((certificate) => certificate.checkPrivateKey(key));
  if (owner === 0) return;
  note(
    owner === -1
      ? "must belong to the private key, got a certificate of another key"
      : `must begin with the certificate of the private key, got it as number ${owner + 1}`,
  );
}

/** What is weak about the server's certificate itself, or about one that vouches for it. */
export function checkStrength(chain: readonly X509Certificate[], note: Note): void {
  for (const [index, certificate] of chain.entries()) {
    const which = index === 0 ? "" : `, as number ${index + 1}`;
    const fault = weaknessOf(certificate);
    if (fault !== undefined) note(`must not be weak, got ${fault}${which}`);
    const hash = brokenHashOf(certificate.raw);
    // Nobody looks at the signature of what is trusted by itself.
    if (hash !== undefined && !isSelfIssued(certificate))
      note(`must not be weak, got a signature with ${hash}${which}`);
  }
}

/** Whether the server's certificate is in its time, and one of those that have signed it, if any are there. */
export function checkDates(chain: readonly X509Certificate[], now: number, note: Note): void {
  const [leaf, ...others] = chain;
  if (leaf === undefined) return;
  const { from, to } = validityOf(leaf);
  if (Number.isNaN(from) || Number.isNaN(to))
    note("must be valid now, got one whose times cannot be read");
  else if (now < from) note(`must be valid now, got one that is valid from ${day(from)} on`);
  else if (now > to) note(`must be valid now, got one that expired on ${day(to)}`);
  // What stands further up may have expired: clients that know a newer root do not look at it.
  const signers = others.filter((other) => leaf.checkIssued(other));
  const ends = signers.map((signer) => validityOf(signer).to);
  if (ends.length > 0 && ends.every((end) => end < now))
    note(
      `must have an issuer that is valid now, got one that expired on ${day(Math.max(...ends))}`,
    );
}

/** Whether it is issued by the name that it bears: a root, or one that nobody else vouches for. */
export function isSelfIssued(certificate: X509Certificate): boolean {
  return certificate.subject === certificate.issuer;
}

/** From when to when it is valid, in milliseconds. */
export function validityOf(certificate: X509Certificate): {
  readonly from: number;
  readonly to: number;
} {
  return { from: Date.parse(certificate.validFrom), to: Date.parse(certificate.validTo) };
}

function weaknessOf(certificate: X509Certificate): string | undefined {
  const key = publicKeyOf(certificate);
  if (key === undefined) return "a public key that cannot be read";
  const { asymmetricKeyType: type = "", asymmetricKeyDetails: details } = key;
  if (!KEY_TYPES.includes(type)) return `a key of type ${type}`;
  if (type.startsWith("rsa")) {
    const bits = details?.modulusLength ?? 0;
    return bits < MIN_RSA_BITS ? `an RSA key of ${bits} bits` : undefined;
  }
  const curve = details?.namedCurve;
  if (type !== "ec" || CURVES.includes(curve ?? "")) return undefined;
  return `a key on the curve ${curve}, which this profile cannot use`;
}

/** `undefined` for a kind of key that OpenSSL does not know, or for one that is damaged. */
export function publicKeyOf(certificate: X509Certificate): KeyObject | undefined {
  try {
    return certificate.publicKey;
  } catch {
    return undefined;
  }
}

function day(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}
