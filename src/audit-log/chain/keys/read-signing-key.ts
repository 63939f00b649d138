import { createPrivateKey, type JsonWebKey, type KeyObject } from "node:crypto";
import { isAnyArrayBuffer, isArrayBufferView, isKeyObject } from "node:util/types";
import type { OptionsReader } from "../../../core/options/options-reader.js";

const MUST = "must be an Ed25519 private key: PEM (PKCS #8), a KeyObject or a JWK";

/** Reads the option `signingKey`. Nothing of what is given is ever printed. */
export function readSigningKey(reader: OptionsReader<"signingKey">): KeyObject | undefined {
  const value = reader.raw("signingKey");
  if (value === undefined) return undefined;
  const key = importKey(value);
  if (typeof key !== "string") return key;
  reader.note("signingKey", `${MUST}${key}`);
  return undefined;
}

/** @returns The key, or what the sentence about it goes on with. */
function importKey(value: unknown): KeyObject | string {
  if (isArrayBufferView(value) || isAnyArrayBuffer(value))
    return ', got bytes: read the file as text, readFileSync(path, "utf8")';
  const fault = typeof value === "string" ? faultOfText(value) : undefined;
  if (fault !== undefined) return fault;
  try {
    return checkKey(isKeyObject(value) ? value : parseKey(value));
  } catch {
    // The message of the error may quote what was given.
    return typeof value === "string"
      ? ", got PEM that cannot be read"
      : typeof value === "object"
        ? ", got an object that is neither"
        : `, got a ${typeof value}`;
  }
}

function faultOfText(text: string): string | undefined {
  if (!text.includes("-----BEGIN"))
    return ', got text that is not PEM: if it is a path, read the file, readFileSync(path, "utf8")';
  if (text.includes("\\n"))
    return ', got PEM whose line ends are written as \\n: write key.replaceAll("\\\\n", "\\n")';
  if (!/[\r\n]/.test(text.trim())) return ", got PEM in one line: its line ends are lost";
  if (/ENCRYPTED/.test(text))
    return ", got an encrypted one: decrypt it with createPrivateKey({ key, passphrase }) of node:crypto";
  return /BEGIN (?:PUBLIC KEY|CERTIFICATE)/.test(text) ? ", got a public key" : undefined;
}

function parseKey(value: unknown): KeyObject {
  return typeof value === "string"
    ? createPrivateKey(value)
    : createPrivateKey({ key: value as JsonWebKey, format: "jwk" });
}

function checkKey(key: KeyObject): KeyObject | string {
  if (key.type !== "private") return `, got a ${key.type} key`;
  const { asymmetricKeyType } = key;
  return asymmetricKeyType === "ed25519"
    ? key
    : `, got one of type ${asymmetricKeyType}: openssl genpkey -algorithm ed25519 makes one`;
}
