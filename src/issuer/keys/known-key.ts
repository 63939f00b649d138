import { createPrivateKey, createPublicKey, ECDH, X509Certificate } from "node:crypto";
import { isPlainObject } from "../../core/options/value.js";

/** A key in PEM, in base64, in JSON: people wrap it no more often. */
const MAX_LAYERS = 4;
/** Certificates and requests too, on one line too, whatever its line ends became on the way. */
const PEM = /-{2,}\s*(?:BEGIN|END)\b|\bBEGIN [\w ]*(?:KEY|CERTIFICATE)\b/i;
/** RFC 4253 §6.6: nothing of Node reads it, but it is a public key all the same. Options may stand in front of it. */
const SSH = /^(?:ssh-|ecdsa-sha2-|sk-)\S+\s|\s(?:ssh-|ecdsa-sha2-|sk-)\S+\s+AAAA/;
/** RSA keys of .NET. */
const XML = /<(?:RSAKeyValue|Modulus)\b/i;
/** Also what is JSON but for a comma or quotation marks, and YAML. */
const JWK = /\b(?:kty|crv)["']?\s*:|\be["']?\s*:\s*["']?AQAB\b/;
/** One line of base64 has the algorithm of its key in it. */
const LONG_RUN = /[\w+/-]{40,}={0,2}/g;
/** A key has more lines; the first ones are enough. */
const MAX_RUNS = 10;

/**
 * What stands in every key of a kind: the identifier of its algorithm (RFC 3279 §2.3, RFC 5480 §2.1.1, RFC 8410 §3), or
 * the name that begins an OpenSSH key. No random secret has these in it.
 */
const MARKS: readonly Buffer[] = [
  ...["2a864886f70d010101", "2a8648ce3d0201", "06032b6570032100"].map((hex) =>
    Buffer.from(hex, "hex"),
  ),
  ...["ssh-rsa", "ssh-dss", "ssh-ed25519", "ecdsa-sha2-nistp"].map((name) =>
    Buffer.from(
      `\0\0\0${name.startsWith("ecdsa") ? "\x13" : String.fromCharCode(name.length)}${name}`,
    ),
  ),
];
/** The same in bytes that somebody took for ASCII: Node clears the first bit of each. */
const ASCII_MARKS = MARKS.map((mark) => Buffer.from(mark.toString("ascii")));
/** The same in bytes that somebody took for UTF-8. */
const MANGLED_MARKS = MARKS.map((mark) => mark.toString("utf8"));
const CURVES = ["prime256v1", "secp384r1", "secp521r1", "secp256k1"] as const;
const READERS: readonly ((key: Buffer) => unknown)[] = [
  (key) => createPublicKey({ key, format: "der", type: "spki" }),
  (key) => createPublicKey({ key, format: "der", type: "pkcs1" }),
  (key) => createPrivateKey({ key, format: "der", type: "pkcs8" }),
  (key) => createPrivateKey({ key, format: "der", type: "pkcs1" }),
  (key) => createPrivateKey({ key, format: "der", type: "sec1" }),
  (key) => new X509Certificate(key),
];

/**
 * Whether the bytes are a key of a key pair in any form: PEM (also on one line, or with line ends
 * written as `\n`), DER (also read as a text), a certificate, JWK or JWK Set, an OpenSSH key, XML of
 * .NET, an uncompressed point of a curve, or one of these in base64, hex, JSON or a URL.
 *
 * Used as a shared secret, a public key is a secret that everybody knows (CVE-2015-9235): whoever
 * has it mints tokens. A bare coordinate or modulus cannot be told from a random secret, and is not
 * recognised.
 */
export function isKnownKey(bytes: Uint8Array): boolean {
  return isKey(Buffer.from(bytes), MAX_LAYERS);
}

function isKey(bytes: Buffer, layers: number): boolean {
  if (layers === 0) return false;
  if (READERS.some((read) => succeeds(() => read(bytes))) || isPoint(bytes)) return true;
  const asRead = bytes.toString("utf8");
  const original = Buffer.from(asRead, "latin1");
  const forms = [bytes, original, Buffer.from(asRead, "utf16le")];
  if (MARKS.some((mark) => forms.some((form) => form.includes(mark)))) return true;
  if (ASCII_MARKS.some((mark) => bytes.includes(mark))) return true;
  if (MANGLED_MARKS.some((mark) => asRead.includes(mark))) return true;
  // UTF-16 and a byte order mark, as editors write them, are no disguise.
  const text = asRead.replaceAll(/[\0\ufeff\ufffd]/g, "").trim();
  if ([PEM, SSH, XML, JWK].some((form) => form.test(text))) return true;
  // A text that was read as UTF-16, and is none.
  if (PEM.test(Buffer.from(asRead, "utf16le").toString("latin1"))) return true;
  return isKeyInJson(text, layers) || encodedIn(text).some((inner) => isKey(inner, layers - 1));
}

function succeeds(read: () => unknown): boolean {
  try {
    read();
    return true;
  } catch {
    return false;
  }
}

function isKeyInJson(text: string, layers: number): boolean {
  if (!/^[[{"]/.test(text)) return false;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return false;
  }
  return isKeyValue(value, layers);
}

function isKeyValue(value: unknown, layers: number): boolean {
  if (layers === 0) return false;
  if (typeof value === "string") return isKey(Buffer.from(value), layers - 1);
  if (isBytes(value)) return isKey(Buffer.from(value), layers - 1);
  if (Array.isArray(value)) return value.some((item) => isKeyValue(item, layers - 1));
  if (!isPlainObject(value)) return false;
  if (Object.hasOwn(value, "kty") || Object.hasOwn(value, "keys")) return true;
  if (Object.hasOwn(value, "n") && Object.hasOwn(value, "e")) return true;
  return Object.values(value).some((member) => isKeyValue(member, layers - 1));
}

function isBytes(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.length > 0 && value.every((item) => item === (item & 255));
}

/** An uncompressed point that is on a curve (SEC 1 §2.3.3): of other bytes one in 2^256 is. */
function isPoint(bytes: Buffer): boolean {
  if (bytes[0] !== 4 || ![65, 97, 133].includes(bytes.length)) return false;
  return CURVES.some((curve) => succeeds(() => ECDH.convertKey(bytes, curve)));
}

/** What the text says in base64, base64url, hex or numbers, with what people put around and between these. */
function encodedIn(text: string): readonly Buffer[] {
  const dense = withoutPercents(text)
    .replace(/^data:[^,]*,/i, "")
    .replaceAll(/\\[rn]|[\s\\'"`>]/g, "");
  const found = bytesIn(text);
  const joined = dense.replaceAll(/^0x|[:,;-]/gi, "");
  for (const run of new Set([joined, dense, ...runsIn(text), ...runsIn(dense)])) {
    if (/^(?:[\da-f]{2})+$/i.test(run)) found.push(Buffer.from(run, "hex"));
    else if (/^[\w+/-]+={0,2}$/.test(run)) found.push(Buffer.from(run, "base64"));
  }
  return found;
}

/** What stands behind a name, in lines, or between commas. */
function runsIn(text: string): readonly string[] {
  return text.match(LONG_RUN)?.slice(0, MAX_RUNS) ?? [];
}

/** Bytes that are written one by one: `0x30, 0x82`, `\x30\x82`, `48 130`. */
function bytesIn(text: string): Buffer[] {
  const items = text.split(/[^\da-z]+/i).filter((item) => item !== "");
  if (items.length < 2) return [];
  const found: Buffer[] = [];
  if (items.every((item) => /^(?:0?x)?[\da-f]{1,2}$/i.test(item))) {
    found.push(Buffer.from(items.map((item) => Number.parseInt(item.replace(/^0?x/i, ""), 16))));
  }
  if (items.every((item) => /^\d{1,3}$/.test(item))) found.push(Buffer.from(items.map(Number)));
  return found;
}

function withoutPercents(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
