import { createPublicKey, type KeyObject } from "node:crypto";
import { readText, TextLimitError } from "../../core/files/read-text.js";
import { CommandError, lineOf } from "../terminal/command-error.js";

const MAX_BYTES = 1024 * 1024;

/**
 * Reads an Ed25519 public key from a PEM file, or from one with a JSON Web Key.
 *
 * @throws CommandError when it is none, and never with its content.
 */
export function readPublicKey(file: string): KeyObject {
  const text = readKeyText(file);
  if (/PRIVATE KEY/.test(text) || /"d"\s*:/.test(text)) {
    throw new CommandError(
      `${file} is a private key, which belongs to the service alone: name its public key`,
    );
  }
  const key = parseKey(text);
  if (key === undefined) {
    throw new CommandError(`${file} is no public key: it must be PEM, or a JSON Web Key`);
  }
  if (key.asymmetricKeyType !== "ed25519") {
    throw new CommandError(`${file} is a key of type ${key.asymmetricKeyType}: it must be Ed25519`);
  }
  return key;
}

function readKeyText(file: string): string {
  try {
    return readText(file, { maxBytes: MAX_BYTES });
  } catch (error) {
    if (error instanceof TextLimitError) throw new CommandError(`the key ${file} ${error.message}`);
    throw new CommandError(`the key ${file} cannot be read: ${lineOf(error)}`);
  }
}

function parseKey(text: string): KeyObject | undefined {
  try {
    return text.trimStart().startsWith("{")
      ? createPublicKey({ key: JSON.parse(text) as Record<string, unknown>, format: "jwk" })
      : createPublicKey(text);
  } catch {
    return undefined;
  }
}
