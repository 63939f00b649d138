import { createHmac, createSecretKey, KeyObject } from "node:crypto";
import { isUint8Array } from "node:util/types";
import type { OptionKeys } from "../../core/options/option-types.js";
import type { OptionsReader } from "../../core/options/options-reader.js";
import type { PseudonymKey } from "./pseudonym.js";

/** A key of pseudonyms with the name that records have for it. */
export interface AuditPseudonymKey {
  /** What stands in front of each pseudonym: 1 to 16 letters, digits, `_` or `-`, such as `2026-11`. */
  readonly id: string;
  /** At least 32 random bytes. */
  readonly key: string | Uint8Array | KeyObject;
}

/** RFC 2104 §3: a shorter key than the output of the hash is weaker than the hash. */
const KEY_BYTES = 32;
const MAX_KEYS = 100;
const KEY_ID = /^[A-Za-z0-9_-]{1,16}$/;
const MUST = `a string, Buffer or secret KeyObject of at least ${KEY_BYTES} random bytes`;
const FIX = `what node -p "crypto.randomBytes(32).toString('base64')" prints is one`;
const KEYS: OptionKeys<AuditPseudonymKey> = { id: "neverUndefined", key: "neverUndefined" };

/**
 * Reads `privacy.key`: one key, or a list, the newest first.
 *
 * @returns The newest one.
 */
export function readPseudonymKey(reader: OptionsReader<"key">): PseudonymKey | undefined {
  const given = reader.raw("key");
  if (given === undefined) return undefined;
  if (!Array.isArray(given)) {
    const key = toKey(given);
    if (key === undefined) reader.problem("key", `${MUST}, or a list of { id, key }`, FIX);
    else if (typeof given === "string") reader.string("key");
    return key === undefined ? undefined : { id: idOf(key), key };
  }
  if (given.length > MAX_KEYS) reader.problem("key", `a list of at most ${MAX_KEYS} keys`);
  const items = reader.objects<AuditPseudonymKey>("key", KEYS, {}, '{ id: "2026-11", key }') ?? [];
  const keys: PseudonymKey[] = [];
  for (const item of items) {
    const id = item.string("id", { required: true }) ?? "";
    const key = toKey(item.raw("key"));
    if (id !== "" && !KEY_ID.test(id))
      item.problem("id", "1 to 16 letters, digits, underscores or hyphens");
    if (key === undefined) item.problem("key", MUST, FIX);
    if (keys.some((other) => other.id === id))
      item.note("id", "must not repeat that of an earlier key: nobody could tell whose it is");
    if (key !== undefined && keys.some((other) => other.key.equals(key)))
      item.note("key", "must not repeat an earlier entry");
    if (key !== undefined) keys.push({ id, key });
  }
  return keys[0];
}

function toKey(given: unknown): KeyObject | undefined {
  if (given instanceof KeyObject) {
    return given.type === "secret" && (given.symmetricKeySize ?? 0) >= KEY_BYTES
      ? given
      : undefined;
  }
  const bytes = typeof given === "string" ? Buffer.from(given) : given;
  if (!isUint8Array(bytes) || bytes.length < KEY_BYTES) return undefined;
  // A buffer that nothing was written to: everybody knows that one.
  return new Set(bytes).size > 1 ? createSecretKey(bytes) : undefined;
}

/** A key without a name gets one that tells it from others, and nothing about it. */
function idOf(key: KeyObject): string {
  const input = "express-secure-api audit pseudonym key id v1";
  return createHmac("sha256", key).update(input).digest("hex").slice(0, 8);
}
