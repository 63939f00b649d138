import { createPublicKey, type KeyObject, verify } from "node:crypto";

const KEY_BYTES = 32;
const SIGNATURE_BYTES = 64;

/** Bytes that stand as base64url; `undefined` when the text is not the one spelling of that many bytes. */
export function bytesOf(text: unknown, length: number): Buffer | undefined {
  if (typeof text !== "string" || text.length !== Math.ceil((length * 4) / 3)) return undefined;
  const bytes = Buffer.from(text, "base64url");
  // Else the unused bits of the last character could be chosen freely.
  return bytes.length === length && bytes.toString("base64url") === text ? bytes : undefined;
}

/** A public key as records have it: the 32 bytes of RFC 8032 §5.1.5 in base64url. */
export function readKey(text: string): KeyObject | undefined {
  if (bytesOf(text, KEY_BYTES) === undefined) return undefined;
  try {
    return createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x: text }, format: "jwk" });
  } catch {
    return undefined;
  }
}

/** Whether a signature of a record is one of this key over the message. */
export function isSignedBy(key: KeyObject, message: Uint8Array, signature: unknown): boolean {
  const bytes = bytesOf(signature, SIGNATURE_BYTES);
  if (bytes === undefined) return false;
  try {
    return verify(null, message, key, bytes);
  } catch {
    return false;
  }
}
