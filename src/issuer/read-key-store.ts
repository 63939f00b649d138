import { createPublicKey, createSecretKey, KeyObject } from "node:crypto";
import { isUint8Array } from "node:util/types";
import { type OptionsReader, UNSET } from "../core/options/options-reader.js";
import { isRefused } from "../core/refusal/refused.js";
import { checkPlaceholders } from "./check-issuer.js";
import { parseSecureUrl } from "./fetch/secure-url.js";
import { algorithmOfKey, SECRET_ALGORITHMS } from "./keys/algorithms.js";
import { isJwkSet, MAX_KEYS, parseJwkSet } from "./keys/jwk-set.js";
import { weaknessOf } from "./keys/key-policy.js";
import { createKeyRing, type KeyRing, UNKNOWN_KEY, type VerificationKey } from "./keys/key-ring.js";
import { isKnownKey } from "./keys/known-key.js";
import { functionKeys } from "./sources/function-keys.js";
import type { KeyStore } from "./sources/key-store.js";
import { type KeyLocation, type KeySchedule, RemoteKeys } from "./sources/remote-keys.js";
import { staticKeys } from "./sources/static-keys.js";

/** Options that say where keys come from; at most one per issuer, none means discovery. */
export const KEY_SOURCES = ["discovery", "jwksUri", "jwks", "publicKey", "secret"] as const;

/** The sources whose keys are given, and not fetched from the issuer. */
export const STATIC_SOURCES = ["jwks", "publicKey", "secret"] as const;

type KeySource = (typeof KEY_SOURCES)[number];
type KeyReader = OptionsReader<KeySource | "algorithms">;

interface KeyContext {
  /** `null`: tokens carry none, which only keys that are given can verify. */
  readonly issuer: string | null;
  readonly algorithms: readonly string[];
  readonly schedule: KeySchedule;
}

const HASH_BYTES: Readonly<Record<string, number>> = { HS256: 32, HS384: 48, HS512: 64 };
const NO_KEYS = createKeyRing([], []);

/** Reads the one key source of an issuer. Nothing is fetched before a request needs it. */
export function readKeyStore(reader: KeyReader, context: KeyContext): KeyStore {
  const [source, second] = KEY_SOURCES.filter((name) => reader.has(name));
  if (source !== undefined && second !== undefined) {
    reader.note(second, `must not stand beside ${source}: an issuer has one source of keys`);
    // Which of them is meant is not known, and so not what else is wrong.
    return staticKeys(NO_KEYS, { anyKid: false });
  }
  if (source === undefined) refuseUnsetSources(reader);
  if (source !== "secret") refuseSecretAlgorithms(reader, context.algorithms);
  switch (source) {
    case "jwks":
      return readJwks(reader, context);
    case "publicKey":
      return staticKeys(readPublicKey(reader, context), { anyKid: true });
    case "secret":
      return staticKeys(readSecret(reader, context), { anyKid: true });
    default:
      return remoteKeys(reader, context);
  }
}

/** An unset variable must not turn the key that was meant into whatever the issuer publishes. */
function refuseUnsetSources(reader: KeyReader): void {
  for (const name of KEY_SOURCES) {
    if (!reader.isUnset(name)) continue;
    reader.note(name, UNSET);
  }
}

function remoteKeys(reader: KeyReader, context: KeyContext): KeyStore {
  const location: KeyLocation = {
    issuer: context.issuer ?? "",
    jwksUri: readUrl(reader, "jwksUri", context),
    metadataUrl: readUrl(reader, "discovery", context),
  };
  return new RemoteKeys(location, context.schedule, context.algorithms);
}

function readUrl(
  reader: KeyReader,
  key: "jwksUri" | "discovery",
  { schedule }: KeyContext,
): string | undefined {
  const text = reader.string(key);
  if (text === undefined) return undefined;
  const url = parseSecureUrl(text, schedule.httpHosts);
  // The metadata of many tenants name an issuer that is none; the keys of many are in one place.
  const placeholder =
    key === "discovery" || /[{}]/.test(text) ? checkPlaceholders(text) : undefined;
  if (placeholder !== undefined) reader.problem(key, placeholder.must, placeholder.fix);
  else if (isRefused(url)) reader.problem(key, url.refused);
  else return url.href;
  return undefined;
}

function readJwks(reader: KeyReader, { algorithms, schedule }: KeyContext): KeyStore {
  const jwks = reader.raw("jwks");
  if (typeof jwks === "function") {
    return functionKeys(jwks as () => unknown, `${reader.path}.jwks`, algorithms, schedule.timeout);
  }
  if (!isJwkSet(jwks)) {
    reader.problem(
      "jwks",
      `a JWK Set ({ keys: [...] }) of at most ${MAX_KEYS} keys, or a function`,
    );
    return staticKeys(NO_KEYS, { anyKid: false });
  }
  const ring = parseJwkSet(jwks, algorithms);
  for (const must of ring.refused) reader.note("jwks", `must have keys that are each ${must}`);
  if (ring.refused.length === 0 && ring.keys.length === 0) {
    reader.note("jwks", "must have a key for one of the algorithms");
  }
  return staticKeys(ring, { anyKid: false });
}

function readPublicKey(reader: KeyReader, { algorithms }: KeyContext): KeyRing {
  const key = toPublicKey(reader.raw("publicKey"));
  if (key === undefined) {
    reader.problem("publicKey", "a public key as PEM or KeyObject, not a private or secret one");
    return NO_KEYS;
  }
  const weakness = weaknessOf(key);
  if (weakness !== undefined) reader.note("publicKey", `must be ${weakness}`);
  else if (algorithmOfKey(key, undefined, algorithms) === undefined) {
    reader.note("publicKey", "must fit one of the algorithms (RSA, P-256, P-384, P-521, Ed25519)");
  }
  return createKeyRing([{ kid: undefined, algorithm: undefined, key }], algorithms);
}

function toPublicKey(value: unknown): KeyObject | undefined {
  if (value instanceof KeyObject) return value.type === "public" ? value : undefined;
  // Node would quietly derive the public key from a private one; it does not belong on this server.
  if (typeof value !== "string" || value.includes("PRIVATE KEY")) return undefined;
  try {
    return createPublicKey(value);
  } catch {
    return undefined;
  }
}

function readSecret(reader: KeyReader, { algorithms }: KeyContext): KeyRing {
  const value = reader.raw("secret");
  const [algorithm = "", second] = algorithms;
  if (second !== undefined || !SECRET_ALGORITHMS.some((name) => name === algorithm)) {
    reader.note("algorithms", `must be one of ${SECRET_ALGORITHMS.join(", ")} with a secret`);
    return NO_KEYS;
  }
  const least = HASH_BYTES[algorithm] ?? 0;
  const bytes = typeof value === "string" ? Buffer.from(value) : value;
  if (isUint8Array(bytes) && isUnfilled(bytes)) {
    reader.note("secret", "must be filled in, got a placeholder or zeros");
    return NO_KEYS;
  }
  if (!isUint8Array(bytes) || bytes.length < least || isKnownKey(bytes)) {
    reader.problem(
      "secret",
      `a string or Uint8Array of at least ${least} bytes, and no PEM key, nor one in DER or JSON`,
      typeof value === "function"
        ? "leave it out, the keys are found in the metadata of the issuer, or where jwksUri says"
        : "a public key goes into publicKey, a key set into jwks",
    );
    return NO_KEYS;
  }
  const key: VerificationKey = { kid: undefined, algorithm, key: createSecretKey(bytes) };
  return {
    keys: [key],
    refused: [],
    has: (other) => other === key,
    find: (_kid, name) => (name === algorithm ? key : UNKNOWN_KEY),
  };
}

/** A buffer that nothing was written to, or what a template says where the secret belongs: everybody can know it. */
function isUnfilled(bytes: Uint8Array): boolean {
  if (bytes.length > 0 && bytes.every((byte) => byte === 0)) return true;
  const text = Buffer.from(bytes).toString("latin1");
  // What template literals leave of variables that are not set; no random text has nine certain letters.
  if (/undefined|\[object [A-Z]/.test(text)) return true;
  return /^\s*(?:\$\{[^}]*\}|\{\{[^}]*\}\}|<[^<>]*>|%\w+%|\$\w+)\s*$/.test(text);
}

function refuseSecretAlgorithms(reader: KeyReader, algorithms: readonly string[]): void {
  if (SECRET_ALGORITHMS.some((name) => algorithms.includes(name))) {
    reader.note("algorithms", "must not name HS256, HS384 or HS512 without a secret");
  }
}
