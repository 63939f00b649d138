import {
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
} from "node:crypto";

/** A certificate with its private key, both in PEM. */
export interface TestCertificate {
  readonly cert: string;
  readonly key: string;
  readonly name: string;
  readonly serial: Buffer;
}

/** What is out of the ordinary about one. */
export interface CertificateWishes {
  /** Who signs it. Default: itself. */
  readonly issuer?: TestCertificate;
  /** Default: one on P-256. */
  readonly key?: string;
  /** Host names. Default: `localhost` and 127.0.0.1. */
  readonly names?: readonly string[];
  /** When it is valid, in days from now. Default: from yesterday for 90 days. */
  readonly days?: readonly [from: number, to: number];
  readonly isAuthority?: boolean;
  readonly hash?: "sha1" | "sha256";
}

const DAY_MS = 86_400_000;
const SIGNED_WITH: Readonly<Record<string, string>> = {
  "rsa sha256": "1.2.840.113549.1.1.11",
  "rsa sha1": "1.2.840.113549.1.1.5",
  "ec sha256": "1.2.840.10045.4.3.2",
  "ec sha1": "1.2.840.10045.4.1",
  "ed25519 sha256": "1.3.101.112",
};

/** A private key in PEM, as a server has it. */
export function createKey(type: "ec" | "rsa" | "ed25519" = "ec", size?: number | string): string {
  const encoded = { type: "pkcs8", format: "pem" } as const;
  if (type === "rsa")
    return generateKeyPairSync("rsa", { modulusLength: Number(size ?? 2048) })
      .privateKey.export(encoded)
      .toString();
  if (type === "ed25519")
    return generateKeyPairSync("ed25519").privateKey.export(encoded).toString();
  return generateKeyPairSync("ec", { namedCurve: String(size ?? "prime256v1") })
    .privateKey.export(encoded)
    .toString();
}

/**
 * Makes a certificate that the tests can wish for: expired, weak, of a private authority. Fixtures would expire, and not
 * every machine has the openssl program.
 *
 * @see RFC 5280 §4.1
 */
export function createCertificate(name: string, wishes: CertificateWishes = {}): TestCertificate {
  const { issuer, names = ["localhost", "127.0.0.1"], days = [-1, 89], hash = "sha256" } = wishes;
  const key = wishes.key ?? createKey();
  const signer = issuer?.key ?? key;
  const serial = Buffer.concat([Buffer.from([1]), randomBytes(8)]);
  const algorithm = algorithmOf(signer, hash);
  const publicKey = createPublicKey(key).export({ type: "spki", format: "der" });
  const signed = sequence(
    tlv(0xa0, integer(Buffer.from([2]))),
    integer(serial),
    algorithm,
    distinguishedName(issuer?.name ?? name),
    sequence(...days.map(time)),
    distinguishedName(name),
    publicKey,
    tlv(0xa3, sequence(...extensions(names, wishes.isAuthority === true))),
  );
  return { cert: seal(signed, algorithm, signer, hash, "CERTIFICATE"), key, name, serial };
}

/**
 * Makes the revocation list of an authority.
 *
 * @see RFC 5280 §5.1
 */
export function createRevocationList(
  issuer: TestCertificate,
  revoked: readonly TestCertificate[],
): string {
  const algorithm = algorithmOf(issuer.key, "sha256");
  const entries = revoked.map(({ serial }) => sequence(integer(serial), time(-1)));
  const signed = sequence(
    integer(Buffer.from([1])),
    algorithm,
    distinguishedName(issuer.name),
    time(-1),
    time(30),
    ...(entries.length === 0 ? [] : [sequence(...entries)]),
  );
  return seal(signed, algorithm, issuer.key, "sha256", "X509 CRL");
}

function extensions(names: readonly string[], isAuthority: boolean): readonly Buffer[] {
  const alternatives = names.map((name) =>
    /^\d/.test(name)
      ? tlv(0x87, Buffer.from(name.split(".").map(Number)))
      : tlv(0x82, Buffer.from(name)),
  );
  const constraints = sequence(...(isAuthority ? [tlv(0x01, Buffer.from([0xff]))] : []));
  const basic = sequence(
    objectId("2.5.29.19"),
    tlv(0x01, Buffer.from([0xff])),
    tlv(0x04, constraints),
  );
  if (alternatives.length === 0) return [basic];
  return [basic, sequence(objectId("2.5.29.17"), tlv(0x04, sequence(...alternatives)))];
}

function seal(signed: Buffer, algorithm: Buffer, key: string, hash: string, label: string): string {
  const hashed = typeOf(key).startsWith("ed") ? null : hash;
  const signature = sign(hashed, signed, key);
  const whole = sequence(signed, algorithm, tlv(0x03, Buffer.from([0]), signature));
  const lines = whole.toString("base64").match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join("\n")}\n-----END ${label}-----\n`;
}

function algorithmOf(key: string, hash: string): Buffer {
  const type = typeOf(key);
  const id = objectId(SIGNED_WITH[`${type} ${type === "ed25519" ? "sha256" : hash}`] ?? "");
  return sequence(id, ...(type === "rsa" ? [tlv(0x05)] : []));
}

function typeOf(key: string): string {
  return (createPublicKey(key) as KeyObject).asymmetricKeyType ?? "";
}

function distinguishedName(name: string): Buffer {
  const commonName = sequence(objectId("2.5.4.3"), tlv(0x0c, Buffer.from(name)));
  return sequence(tlv(0x31, commonName));
}

function time(days: number): Buffer {
  const text = new Date(Date.now() + days * DAY_MS).toISOString().replaceAll(/[-:T]|\.\d+/g, "");
  // UTCTime has the years up to 2049.
  return text < "2050" ? tlv(0x17, Buffer.from(text.slice(2))) : tlv(0x18, Buffer.from(text));
}

function objectId(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  const bytes = [first * 40 + second, ...rest].flatMap((arc) => {
    const digits = [arc & 0x7f];
    for (let left = Math.floor(arc / 128); left > 0; left = Math.floor(left / 128))
      digits.unshift((left & 0x7f) | 0x80);
    return digits;
  });
  return tlv(0x06, Buffer.from(bytes));
}

function integer(bytes: Buffer): Buffer {
  return tlv(0x02, bytes);
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return tlv(0x30, ...parts);
}

/** One element of DER: tag, length, content. */
function tlv(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  if (length < 128) return Buffer.concat([Buffer.from([tag, length]), content]);
  const size = Buffer.from(length.toString(16).padStart(length > 255 ? 4 : 2, "0"), "hex");
  return Buffer.concat([Buffer.from([tag, 0x80 + size.length]), size, content]);
}
