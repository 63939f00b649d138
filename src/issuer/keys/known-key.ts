import { createPrivateKey, createPublicKey, X509Certificate } from "node:crypto";
import { isPlainObject } from "../../core/options/value.js";

/** A key in PEM, in base64, in JSON: people wrap it no more often. */
const MAX_LAYERS = 4;
/** Certificates and requests too, on one line too, whatever its line ends became on the way. */
const PEM = /-{2,}\s*BEGIN\b|\bBEGIN [\w ]*(?:KEY|CERTIFICATE)\b/i;
/** RFC 4253 §6.6: nothing of Node reads it, but it is a public key all the same. */
const SSH = /^(?:ssh-|ecdsa-sha2-|sk-)\S+\s/;
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
 * written as `\n`), DER, a certificate, JWK or JWK Set, an OpenSSH key, or one of these in base64,
 * hex or JSON.
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
  if (READERS.some((read) => succeeds(() => read(bytes)))) return true;
  // UTF-16 and a byte order mark, as editors write them, are no disguise.
  const text = bytes
    .toString("utf8")
    .replaceAll(/[\0\ufeff\ufffd]/g, "")
    .trim();
  if (PEM.test(text) || SSH.test(text)) return true;
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
  // Also what is JSON but for a comma or quotation marks.
  if (/["']?\bkty["']?\s*:/.test(text)) return true;
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
  if (Array.isArray(value)) return value.some((item) => isKeyValue(item, layers - 1));
  if (!isPlainObject(value)) return false;
  if (Object.hasOwn(value, "kty") || Object.hasOwn(value, "keys")) return true;
  return Object.values(value).some((member) => isKeyValue(member, layers - 1));
}

/** What the text says in base64, base64url or hex, with spaces and line ends or without. */
function encodedIn(text: string): readonly Buffer[] {
  const dense = text.replaceAll(/\s|\\[rn]/g, "");
  const hex = dense.replace(/^0x/i, "").replaceAll(":", "");
  const found: Buffer[] = [];
  if (/^(?:[\da-f]{2})+$/i.test(hex)) found.push(Buffer.from(hex, "hex"));
  if (/^[\w+/-]+={0,2}$/.test(dense)) found.push(Buffer.from(dense, "base64"));
  return found;
}
