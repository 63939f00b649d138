import type { Hints, OptionKey, OptionKeys } from "../core/options/option-types.js";
import type { OptionsReader } from "../core/options/options-reader.js";
import { formatDuration } from "../core/options/quantity.js";
import type { KeyFetch } from "../issuer/fetch/key-fetch.js";
import { httpHostFault } from "../issuer/fetch/secure-url.js";
import type { KeySchedule } from "../issuer/sources/remote-keys.js";
import type {
  KeyFetchOptions,
  TokenCacheOptions,
  TokenVerifierOptions,
} from "./oauth-guard-options.js";
import { ISSUER_HINTS, ISSUER_KEYS, readIssuers } from "./read-issuers.js";
import type { VerifierSettings } from "./token/verifier.js";

/** Names of the options of `createTokenVerifier`. */
export const VERIFIER_KEYS: OptionKeys<TokenVerifierOptions> = {
  ...ISSUER_KEYS,
  // Left out or not, it is required.
  audience: true,
  clockTolerance: true,
  maxTokenAge: "neverUndefined",
  maxTokenSize: true,
  scopes: "neverUndefined",
  realm: true,
  cache: true,
  keys: "neverUndefined",
};

const KEY_FETCH_KEYS: OptionKeys<KeyFetchOptions> = {
  maxAge: true,
  maxStale: true,
  cooldown: true,
  timeout: true,
  maxSize: true,
  fetch: "neverUndefined",
  dangerouslyAllowHttp: "neverUndefined",
};
const CACHE_KEYS: OptionKeys<TokenCacheOptions> = { max: true, ttl: true };

const NO_FETCH_RATE =
  "leave it out, unknown key ids fetch the key set at most once per keys.cooldown, however many there are";
const KEY_FETCH = "write keys: { fetch }, a function that calls a fetch with what it needs";
const CERTIFICATES =
  "leave it out, certificates are always checked: NODE_EXTRA_CA_CERTS names a CA of your own";

/** What express-oauth2-jwt-bearer, express-jwt, jwks-rsa, passport-jwt, jsonwebtoken and jose call things. */
export const VERIFIER_HINTS: Hints<TokenVerifierOptions> = {
  ...ISSUER_HINTS,
  clockSkew:
    'did you mean "clockTolerance"? clockSkew counts seconds, clockTolerance is a text with a unit: 5 is "5s"',
  cooldownDuration:
    'did you mean "keys.cooldown"? cooldownDuration counts milliseconds, keys.cooldown is a text with a unit: 30000 is "30s"',
  timeoutDuration:
    'did you mean "keys.timeout"? timeoutDuration counts milliseconds, keys.timeout is a text with a unit: 5000 is "5s"',
  cacheMaxAge:
    'did you mean "keys.maxAge"? cacheMaxAge counts milliseconds, keys.maxAge is a text with a unit: 600000 is "10m"',
  maxAge:
    'did you mean "maxTokenAge"? maxAge counts seconds, maxTokenAge is a text with a unit: 3600 is "1h"',
  maxTokenLength: "maxTokenSize",
  requiredScopes: "scopes",
  scope: "scopes",
  ignoreExpiration: "tokens past exp are always refused: leave it out",
  rateLimit: NO_FETCH_RATE,
  jwksRequestsPerMinute: NO_FETCH_RATE,
  cacheMaxEntries: "leave it out, the whole key set is kept, for as long as keys.maxAge says",
  requestAgent: KEY_FETCH,
  requestHeaders: KEY_FETCH,
  strictSsl: CERTIFICATES,
  customFetch: "keys.fetch",
  fetcher: "keys.fetch",
  validators:
    'write requiredClaims: { type: "access" } for claims with fixed values, look at others in the handler with getAuth(req), or map them for requireRole with principal',
};

const OWN_FETCH =
  "write fetch, a function that calls a fetch with the agent or dispatcher of your choice";

/** What jwks-rsa, jose and undici call how keys are fetched. */
export const KEY_FETCH_HINTS: Hints<KeyFetchOptions> = {
  agent: OWN_FETCH,
  dispatcher: OWN_FETCH,
  requestAgent: OWN_FETCH,
  requestHeaders: OWN_FETCH,
  rateLimit: NO_FETCH_RATE,
  jwksRequestsPerMinute: NO_FETCH_RATE,
  strictSsl: CERTIFICATES,
};

const HOUR = 3_600_000;

type VerifierReader = OptionsReader<OptionKey<TokenVerifierOptions>>;

/** Settings that both doors share. */
export interface ReadSettings extends VerifierSettings {
  readonly realm: string;
}

/**
 * Reads all but what belongs to the guard alone.
 *
 * @param guard - `reporting`: whether it refuses nothing; a secret that is too short is reported then.
 * `certificateBound`: whether it holds tokens against the client certificate.
 */
export function readVerifierSettings(
  reader: VerifierReader,
  guard = { reporting: false, certificateBound: false },
): ReadSettings {
  const common = {
    clockTolerance: reader.duration("clockTolerance", { default: "5s", min: "0s", max: "5m" }),
    maxTokenAge: reader.has("maxTokenAge")
      ? reader.duration("maxTokenAge", { min: "1s" })
      : undefined,
    schedule: readSchedule(reader),
    ...guard,
  };
  const { issuers, haveStaticKeys } = readIssuers(reader, common);
  if (haveStaticKeys && reader.has("keys")) {
    reader.note(
      "keys",
      "has no effect beside secret, publicKey or a jwks that is no function, which are never fetched: leave it out",
    );
  }
  return {
    issuers,
    scopes: readScopes(reader),
    maxTokenSize: reader.size("maxTokenSize", { default: "8kb", min: "256b", max: "64kb" }),
    cache: readCache(reader),
    realm: readRealm(reader),
  };
}

function readSchedule(reader: VerifierReader): KeySchedule {
  const keys =
    reader.object<KeyFetchOptions>("keys", KEY_FETCH_KEYS, KEY_FETCH_HINTS, '{ maxAge: "10m" }') ??
    reader.nested<KeyFetchOptions>("keys", {}, KEY_FETCH_KEYS);
  const maxAge = keys.duration("maxAge", { default: "10m", min: "1s", max: "24h" });
  return {
    maxAge,
    maxStale: keys.duration("maxStale", {
      default: formatDuration(Math.max(HOUR, maxAge)),
      min: formatDuration(maxAge),
      max: "7d",
    }),
    cooldown: keys.duration("cooldown", { default: "30s", min: "1s", max: "1h" }),
    timeout: keys.duration("timeout", { default: "5s", min: "10ms", max: "1m" }),
    maxSize: keys.size("maxSize", { default: "1mb", min: "1kb", max: "16mb" }),
    fetch: keys.function<KeyFetch>("fetch"),
    httpHosts: keys.strings("dangerouslyAllowHttp", { check: httpHostFault }) ?? [],
  };
}

function readCache(reader: VerifierReader): VerifierSettings["cache"] {
  if (reader.raw("cache") === false) return undefined;
  const cache =
    reader.object<TokenCacheOptions>(
      "cache",
      CACHE_KEYS,
      {},
      '{ max: 10000, ttl: "5m" }, the default',
    ) ?? reader.nested<TokenCacheOptions>("cache", {}, CACHE_KEYS);
  return {
    max: cache.integer("max", { default: 10_000, min: 2, max: 1_000_000 }),
    ttl: cache.duration("ttl", { default: "5m", min: "1s", max: "24h" }),
  };
}

function readScopes(reader: VerifierReader): readonly string[] | undefined {
  const scopes = reader.strings("scopes");
  // scope-token of RFC 6749 §3.3: a space would separate two of them.
  if (scopes?.some((scope) => !/^[\x21\x23-\x5b\x5d-\x7e]+$/.test(scope)) === true) {
    reader.note("scopes", "must hold one scope per entry, without spaces, quotes and backslashes");
  }
  return scopes;
}

function readRealm(reader: VerifierReader): string {
  const must = "printable ASCII without quotes and backslashes";
  const realm = reader.string("realm", { default: "api", must }) ?? "api";
  if (!/^[\x20\x21\x23-\x5b\x5d-\x7e]+$/.test(realm)) reader.problem("realm", must);
  return realm;
}
