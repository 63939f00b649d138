import type { KeyObject } from "node:crypto";
import { isSignedBy } from "./ed25519.js";
import type { EpochCertificate } from "./statements.js";

/** What the long-term key signs for the first key of a stream. */
function firstText(stream: string, publicKey: string): string {
  return `express-secure-api audit stream v1\n${stream}\n${publicKey}\n`;
}

/** Whether one of the long-term keys vouches for the first key of a stream. */
export function isFirstCertified(
  keys: readonly KeyObject[],
  stream: string,
  publicKey: string,
  signature: string,
): boolean {
  return isSignedByAny(keys, firstText(stream, publicKey), signature);
}

/** Whether one of the long-term keys vouches for the key of an epoch, whose number it signs too, unless it is the first. */
export function isEpochCertified(
  keys: readonly KeyObject[],
  stream: string,
  { epoch, publicKey, signature }: EpochCertificate,
): boolean {
  const text = firstText(stream, publicKey);
  return isSignedByAny(keys, epoch === 1 ? text : `${text}${epoch}\n`, signature);
}

function isSignedByAny(keys: readonly KeyObject[], text: string, signature: string): boolean {
  const message = Buffer.from(text);
  return keys.some((key) => isSignedBy(key, message, signature));
}
