import { createPublicKey, KeyObject } from "node:crypto";
import { type OptionsReader, UNSET } from "../core/options/options-reader.js";
import { describeValue } from "../core/options/value.js";
import { isRefused } from "../core/refusal/refused.js";
import { checkPlaceholders } from "./check-issuer.js";
import { parseSecureUrl } from "./fetch/secure-url.js";
import { algorithmOfKey, SECRET_ALGORITHMS } from "./keys/algorithms.js";
import { isJwkSet, MAX_KEYS, parseJwkSet } from "./keys/jwk-set.js";
import { createKeyList, type ListedKey } from "./keys/key-list.js";
import { weaknessOf } from "./keys/key-policy.js";
import { createKeyRing, type KeyRing } from "./keys/key-ring.js";
import { listedItems, readSecrets } from "./read-secrets.js";
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
  /** Whether the guard only reports: a secret that is too short is one of the things to report. */
  readonly reporting: boolean;
}

const ESCAPED = String.raw`: its line ends are a backslash and an n, write .replaceAll("\\n", "\n") behind it`;
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
  const isSecret = source === "secret" || (source === undefined && reader.isUnset("secret"));
  if (!isSecret) refuseSecretAlgorithms(reader, context.algorithms);
  switch (source) {
    case "jwks":
      return readJwks(reader, context);
    case "publicKey":
      return staticKeys(readPublicKeys(reader, context), { anyKid: true });
    case "secret":
      return staticKeys(readSecrets(reader, context), { anyKid: true });
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
      typeof jwks === "string" ? "write jwksUri for its URL, or parse the text" : "",
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

function readPublicKeys(reader: KeyReader, { algorithms }: KeyContext): KeyRing {
  const items = listedItems(reader, "publicKey");
  const keys: ListedKey[] = [];
  for (const { value, note } of items) {
    const key = toPublicKey(value);
    if (key === undefined) {
      const must = "a public key as PEM or KeyObject, not a private or secret one";
      const fix = toPublicKey(unescaped(value)) === undefined ? "" : ESCAPED;
      note(`must be ${must}, got ${describeValue(value)}${fix}`);
      continue;
    }
    const weakness = weaknessOf(key);
    const algorithm = algorithmOfKey(key, undefined, algorithms);
    if (weakness !== undefined) note(`must be ${weakness}`);
    else if (algorithm === undefined) {
      note("must fit one of the algorithms (RSA, P-256, P-384, P-521, Ed25519)");
    } else if (keys.some((other) => other.key.equals(key))) {
      note("must not repeat an earlier entry");
    } else keys.push({ algorithm, key });
  }
  return createKeyList(keys);
}

/** With the line ends that files for variables and some dashboards write as two characters. */
function unescaped(value: unknown): unknown {
  return typeof value === "string" ? value.replaceAll("\\n", "\n") : value;
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

function refuseSecretAlgorithms(reader: KeyReader, algorithms: readonly string[]): void {
  if (SECRET_ALGORITHMS.some((name) => algorithms.includes(name))) {
    reader.note("algorithms", "must not name HS256, HS384 or HS512 without a secret");
  }
}
