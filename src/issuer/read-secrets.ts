import { createSecretKey } from "node:crypto";
import { isUint8Array } from "node:util/types";
import type { OptionsReader } from "../core/options/options-reader.js";
import type { OptionItem } from "../core/options/problem-list.js";
import { describeValue } from "../core/options/value.js";
import { SECRET_ALGORITHMS } from "./keys/algorithms.js";
import { createKeyList, type ListedKey, MAX_LISTED_KEYS } from "./keys/key-list.js";
import type { KeyRing } from "./keys/key-ring.js";
import { isKnownKey } from "./keys/known-key.js";

/** RFC 7518 §3.2: the key is at least as long as the output of the hash. */
const HASH_BYTES: Readonly<Record<string, number>> = { HS256: 32, HS384: 48, HS512: 64 };

const MAX_PIECE = 16;
const MIN_DIFFERENT = 8;

/** No random text has these in it. */
const FILLERS: readonly RegExp[] = [
  /^\s*$/,
  // What template literals leave of variables that are not set; no random text has nine certain letters.
  /undefined|\[object [A-Z]/,
  /^\s*(?:\$\{[^}]*\}|\{\{[^}]*\}\}|<[^<>]*>|\$\w+|(?:%\w+%\W*)+)\s*$/,
  // Of templates, inside a text too.
  /\{\{\s*[\w.:-]+\s*\}\}/,
  /[$#]\{\s*[\w.:-]*(?:[A-Z\d_]{4}|[Ss]ecret|[Kk]ey|[Tt]oken)[\w.:-]*\s*\}/,
  /(?:\b|_)(?:change|replace)[ _-]?(?:me|this)(?![a-z])|placeholder/i,
  // What jwt.io and its copies sign with.
  /your-\d{3}-bit-secret|a-string-secret-at-least-\d{3}-bits-long|shhhhhhared-secret/i,
];

/** The keys of a list, or the one key that stands in its place. What is wrong with their number is noted. */
export function listedItems<Key extends string>(
  reader: OptionsReader<Key>,
  name: Key,
): readonly OptionItem[] {
  const items = reader.items(name) ?? [];
  if (items.length > 0 && items.length <= MAX_LISTED_KEYS) return items;
  reader.problem(name, `one key or a list of 1 to ${MAX_LISTED_KEYS} keys`);
  return [];
}

/**
 * Reads `secret`: one, or a list while one takes the place of another. Each is judged by itself.
 *
 * @param context - `reporting`: whether a secret that is too short is taken, and told of.
 */
export function readSecrets(
  reader: OptionsReader<"secret" | "algorithms">,
  context: { readonly algorithms: readonly string[]; readonly reporting: boolean },
): KeyRing {
  const [algorithm = "", second] = context.algorithms;
  if (second !== undefined || !SECRET_ALGORITHMS.some((name) => name === algorithm)) {
    reader.note("algorithms", `must be one of ${SECRET_ALGORITHMS.join(", ")} with a secret`);
    return createKeyList([]);
  }
  const length = HASH_BYTES[algorithm] ?? 0;
  const least = context.reporting ? 1 : length;
  const keys: ListedKey[] = [];
  for (const { value, note } of listedItems(reader, "secret")) {
    const bytes = typeof value === "string" ? Buffer.from(value) : value;
    if (isUint8Array(bytes) && isUnfilled(bytes)) {
      note("must be filled in, got a placeholder or zeros");
    } else if (!isUint8Array(bytes) || bytes.length < least || isKnownKey(bytes)) {
      const must = `a string or Uint8Array of at least ${length} bytes, and no PEM key, nor one in DER or JSON`;
      note(`must be ${must}, got ${describeValue(value)}: ${fixOf(value, bytes)}`);
    } else {
      const key = createSecretKey(bytes);
      if (keys.some((other) => other.key.equals(key))) note("must not repeat an earlier entry");
      else keys.push({ algorithm, key, isShort: bytes.length < length });
    }
  }
  return createKeyList(keys);
}

function fixOf(value: unknown, bytes: unknown): string {
  if (value === undefined) return "is it read from a variable that is not set?";
  if (isUint8Array(bytes) && bytes.length > 0 && !isKnownKey(bytes)) {
    return "write a longer one, such as what node -p \"crypto.randomBytes(32).toString('base64')\" prints";
  }
  return typeof value === "function"
    ? "leave it out, the keys are found in the metadata of the issuer, or where jwksUri says"
    : "a public key goes into publicKey, a key set into jwks";
}

/** A buffer that nothing was written to, or what a template says where the secret belongs: everybody can know it. */
function isUnfilled(bytes: Uint8Array): boolean {
  if (bytes.length === 0) return false;
  if (bytes.every((byte) => byte === 0)) return true;
  const text = Buffer.from(bytes).toString("latin1");
  return FILLERS.some((filler) => filler.test(text)) || repeatsLittle(bytes);
}

/** A piece of at most 16 bytes with few different ones, again and again: no random secret is that. */
function repeatsLittle(bytes: Uint8Array): boolean {
  if (bytes.length < MAX_PIECE || new Set(bytes).size >= MIN_DIFFERENT) return false;
  for (let piece = 1; piece <= MAX_PIECE; piece += 1) {
    if (piece < bytes.length && bytes.every((byte, at) => byte === bytes[at % piece])) return true;
  }
  return false;
}
