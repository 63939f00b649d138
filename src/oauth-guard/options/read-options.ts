import { GUARD_OPTIONS } from "../../core/guard/guard.js";
import { type OptionsReader, readOptions } from "../../core/options/options-reader.js";
import type { KeySchedule } from "../../issuer/sources/remote-keys.js";
import type { VerifierSettings } from "../token/verifier.js";
import { ISSUER_OPTIONS, readIssuers } from "./read-issuers.js";

const VERIFIER_OPTIONS = [
  ...ISSUER_OPTIONS,
  "clockTolerance",
  "maxTokenAge",
  "maxTokenSize",
  "scopes",
  "realm",
  "cache",
  "keys",
] as const;

const OPTION_NAMES = {
  createTokenVerifier: VERIFIER_OPTIONS,
  oauthGuard: [...VERIFIER_OPTIONS, "optional", ...GUARD_OPTIONS],
} as const;

/** What express-oauth2-jwt-bearer, express-jwt, passport-jwt, jsonwebtoken and jose call things. */
const PEER_NAMES = {
  algorithm: "algorithms",
  tokenSigningAlg: "algorithms",
  aud: "audience",
  iss: "issuer",
  issuerBaseURL: "issuer",
  authRequired: "optional",
  credentialsRequired: "optional",
  claimMapping: "principal",
  mapClaims: "principal",
  clientId: "clientIds",
  clockSkew: "clockTolerance",
  cooldownDuration: "keys.cooldown",
  timeoutDuration: "keys.timeout",
  cacheMaxAge: "keys.maxAge",
  jwksUrl: "jwksUri",
  jwksURL: "jwksUri",
  maxAge: "maxTokenAge",
  maxTokenLength: "maxTokenSize",
  requiredScopes: "scopes",
  scope: "scopes",
  secretOrKey: "secret",
  secretOrPublicKey: "publicKey",
  strict: "profile",
} as const;

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const KILOBYTE = 1024;

/** Settings that both doors share. */
export interface ReadSettings extends VerifierSettings {
  readonly realm: string;
}

/** Opens the options of a factory. */
export function openOptions(factory: keyof typeof OPTION_NAMES, options: unknown): OptionsReader {
  return readOptions(factory, options ?? {}, OPTION_NAMES[factory], PEER_NAMES);
}

/** Reads all but what belongs to the guard alone. */
export function readVerifierSettings(reader: OptionsReader): ReadSettings {
  const common = {
    clockTolerance: reader.duration("clockTolerance", {
      default: 5 * SECOND,
      min: 0,
      max: 5 * MINUTE,
    }),
    maxTokenAge: reader.has("maxTokenAge")
      ? reader.duration("maxTokenAge", { min: SECOND })
      : undefined,
    schedule: readSchedule(reader),
  };
  return {
    issuers: readIssuers(reader, PEER_NAMES, common),
    scopes: readScopes(reader),
    maxTokenSize: reader.size("maxTokenSize", {
      default: 8 * KILOBYTE,
      min: 256,
      max: 64 * KILOBYTE,
    }),
    cache: readCache(reader),
    realm: readRealm(reader),
  };
}

function readSchedule(reader: OptionsReader): KeySchedule {
  const names = ["maxAge", "maxStale", "cooldown", "timeout", "maxSize"] as const;
  const keys = reader.object("keys", names) ?? reader.nested("keys", {}, names);
  const maxAge = keys.duration("maxAge", { default: 10 * MINUTE, min: SECOND, max: 24 * HOUR });
  return {
    maxAge,
    maxStale: keys.duration("maxStale", {
      default: Math.max(HOUR, maxAge),
      min: maxAge,
      max: 7 * 24 * HOUR,
    }),
    cooldown: keys.duration("cooldown", { default: 30 * SECOND, min: SECOND, max: HOUR }),
    timeout: keys.duration("timeout", { default: 5 * SECOND, min: 10, max: MINUTE }),
    maxSize: keys.size("maxSize", {
      default: KILOBYTE ** 2,
      min: KILOBYTE,
      max: 16 * KILOBYTE ** 2,
    }),
  };
}

function readCache(reader: OptionsReader): VerifierSettings["cache"] {
  if (reader.raw("cache") === false) return undefined;
  const names = ["max", "ttl"] as const;
  const cache = reader.object("cache", names) ?? reader.nested("cache", {}, names);
  return {
    max: cache.integer("max", { default: 10_000, min: 2, max: 1_000_000 }),
    ttl: cache.duration("ttl", { default: 5 * MINUTE, min: SECOND, max: 24 * HOUR }),
  };
}

function readScopes(reader: OptionsReader): readonly string[] | undefined {
  const scopes = reader.strings("scopes");
  // scope-token of RFC 6749 §3.3: a space would separate two of them.
  if (scopes?.some((scope) => !/^[\x21\x23-\x5b\x5d-\x7e]+$/.test(scope)) === true) {
    reader.note("scopes", "must hold one scope per entry, without spaces, quotes and backslashes");
  }
  return scopes;
}

function readRealm(reader: OptionsReader): string {
  const realm = reader.string("realm", { default: "api" }) ?? "api";
  if (!/^[\x20\x21\x23-\x5b\x5d-\x7e]+$/.test(realm)) {
    reader.problem("realm", "printable ASCII without quotes and backslashes");
  }
  return realm;
}
