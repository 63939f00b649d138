import type { Hints, OptionKey, OptionKeys } from "../core/options/option-types.js";
import type { OptionsReader } from "../core/options/options-reader.js";
import { unsetFault } from "../core/options/value.js";
import type { ClaimMapping } from "../core/principal/claim-mapping.js";
import { readClaimMapping } from "../core/principal/read-claim-mapping.js";
import { RFC9068_MAPPING } from "../core/principal/rfc9068-mapping.js";
import { checkIssuerName, checkIssuerUrl } from "../issuer/check-issuer.js";
import { algorithmFault, PUBLIC_KEY_ALGORITHMS } from "../issuer/keys/algorithms.js";
import { KEY_SOURCES, readKeyStore, STATIC_SOURCES } from "../issuer/read-key-store.js";
import type { KeySchedule } from "../issuer/sources/remote-keys.js";
import type { IssuerOptions } from "./oauth-guard-options.js";
import { readAcceptWithout } from "./options/read-accept-without.js";
import { canTellKinds, readRequiredClaims } from "./options/read-required-claims.js";
import type { RequiredClaim } from "./token/required-claims.js";
import type { TokenProfile } from "./token/token-shape.js";
import type { TrustedIssuer } from "./token/verifier.js";

/** Names of what may stand in an issuer's entry, or beside `issuer` for all entries. */
export const ISSUER_KEYS: OptionKeys<IssuerOptions> = {
  issuer: true,
  audience: "neverUndefined",
  clientIds: "neverUndefined",
  algorithms: "neverUndefined",
  profile: "neverUndefined",
  requiredClaims: "neverUndefined",
  principal: "neverUndefined",
  // The sources of keys are judged together: see readKeyStore().
  discovery: true,
  jwksUri: true,
  jwks: true,
  publicKey: true,
  secret: true,
  anyTokenType: true,
  acceptWithout: true,
};

const KEY =
  "write secret for a secret shared with the issuer (HS256), publicKey for a public key in PEM";
const ENTRY = '{ issuer: "https://idp.example.com", audience: "https://api.example.com" }';

/** What express-oauth2-jwt-bearer, express-jwt, passport-jwt, jsonwebtoken and jose call things. */
export const ISSUER_HINTS: Hints<IssuerOptions> = {
  algorithm: "algorithms",
  tokenSigningAlg: "algorithms",
  aud: "audience",
  iss: "issuer",
  issuerBaseURL: "issuer",
  claimMapping: "principal",
  mapClaims: "principal",
  clientId: "clientIds",
  jwksUrl: "jwksUri",
  jwksURL: "jwksUri",
  secretOrKey: KEY,
  secretOrPublicKey: KEY,
  strict: 'write profile: "rfc9068" to demand typ: at+jwt and every claim of RFC 9068',
};

type IssuerReader = OptionsReader<OptionKey<IssuerOptions>>;

/** What does not depend on the issuer. */
interface Common {
  readonly clockTolerance: number;
  readonly maxTokenAge: number | undefined;
  /** Whether tokens that are bound to a client certificate are accepted. */
  readonly certificateBound: boolean;
  readonly schedule: KeySchedule;
  /** Whether the guard only reports. */
  readonly reporting: boolean;
}

/** The issuers, and what their entries say together. */
interface Issuers {
  readonly issuers: readonly TrustedIssuer[];
  /** Whether the keys of all of them are given, so that nothing is ever fetched. */
  readonly haveStaticKeys: boolean;
}

/** What an entry may leave to the options beside `issuer`. */
interface Shared {
  readonly audience: readonly string[] | null | undefined;
  readonly clientIds: readonly string[] | undefined;
  readonly algorithms: readonly string[] | undefined;
  readonly profile: TokenProfile | undefined;
  readonly requiredClaims: readonly RequiredClaim[] | undefined;
  readonly principal: ClaimMapping | undefined;
}

/** What belongs to one issuer alone. */
const OWN_TO_ENTRY = [...KEY_SOURCES, "anyTokenType", "acceptWithout"] as const;
const PROFILES = ["compatible", "rfc9068"] as const;
const NO_CLAIMS = "be given with a secret, which may sign refresh and reset tokens as well";
const NO_KIND =
  "name with a secret at least one claim besides iss, sub, aud, exp, nbf, iat and jti, which refresh and reset tokens have as well";

/** Reads `issuer`: one URL, one entry, or a list of entries. */
export function readIssuers(options: IssuerReader, common: Common): Issuers {
  const shared = readShared(options);
  const issuer = options.raw("issuer");
  if (typeof issuer !== "object" || issuer === null || issuer instanceof URL) {
    return {
      issuers: [readIssuer(options, shared, common)],
      haveStaticKeys: hasStaticKeys(options),
    };
  }
  for (const name of OWN_TO_ENTRY) {
    if (options.has(name))
      options.note(name, "must stand in the entry of the issuer it belongs to");
  }
  const entries = Array.isArray(issuer)
    ? (options.objects<IssuerOptions>("issuer", ISSUER_KEYS, ISSUER_HINTS, ENTRY) ?? [])
    : [options.nested<IssuerOptions>("issuer", issuer, ISSUER_KEYS, ISSUER_HINTS)];
  const issuers = entries.map((entry) => readIssuer(entry, { ...shared, ...given(entry) }, common));
  issuers.forEach(({ issuer: name }, index) => {
    if (name !== "" && issuers.findIndex((other) => other.issuer === name) !== index) {
      entries[index]?.note("issuer", "must not repeat the issuer of an earlier entry");
    }
  });
  const takesNameless = issuers.map(
    ({ issuer: name, claims }) => name === undefined || claims.missing?.covers("iss") === true,
  );
  issuers.forEach(({ claims }, index) => {
    const earlier = takesNameless.indexOf(true);
    const isSecond = takesNameless[index] === true && earlier !== index;
    // Two that are both null repeat each other: that was said.
    if (!isSecond || !(claims.missing ?? issuers[earlier]?.claims.missing)) return;
    entries[index]?.note(
      claims.missing === undefined ? "issuer" : "acceptWithout",
      "must not take tokens without iss where an earlier entry does: nobody knows whose they are",
    );
  });
  return { issuers, haveStaticKeys: entries.length > 0 && entries.every(hasStaticKeys) };
}

/** Whether nothing is asked for the keys: neither the issuer nor a function. */
function hasStaticKeys(entry: IssuerReader): boolean {
  const [source, second] = KEY_SOURCES.filter((name) => entry.has(name));
  if (source === undefined || second !== undefined) return false;
  return isStaticSource(source) && typeof entry.raw(source) !== "function";
}

function isStaticSource(source: string): boolean {
  return STATIC_SOURCES.some((name) => name === source);
}

/** A name in `aud`, or the id of a client: compared character by character. */
function checkName(name: string): string | undefined {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: exactly these are looked for.
  if (name.trim() !== name || /[\0-\x1f\x7f]/.test(name)) {
    return "must have no white space at its ends and no line ends: is the variable it comes from right?";
  }
  if (name.includes(",")) return 'must be one name: write several as a list, ["a", "b"]';
  return undefined;
}

function given(entry: IssuerReader): Partial<Shared> {
  const own = Object.entries(readShared(entry)).filter(([, value]) => value !== undefined);
  return Object.fromEntries(own);
}

function readShared(reader: IssuerReader): Shared {
  const audience =
    reader.raw("audience") === null ? null : reader.strings("audience", { check: checkName });
  const algorithms = reader.strings("algorithms", { check: algorithmFault });
  return {
    audience,
    clientIds: reader.strings("clientIds", { check: checkName }),
    algorithms,
    profile: reader.has("profile") ? reader.oneOf("profile", PROFILES) : undefined,
    requiredClaims: readRequiredClaims(reader),
    principal: readClaimMapping(reader),
  };
}

function readIssuer(reader: IssuerReader, shared: Shared, common: Common): TrustedIssuer {
  const issuer = readIssuerName(reader, shared.profile, common.schedule);
  const mapping = shared.principal ?? RFC9068_MAPPING;
  checkAudience(reader, shared, mapping);
  checkTokenKind(reader, shared);
  const fallback = reader.has("secret") ? ["HS256"] : PUBLIC_KEY_ALGORITHMS;
  const algorithms = shared.algorithms ?? fallback;
  const { clockTolerance, maxTokenAge, certificateBound, schedule, reporting } = common;
  const missing = readAcceptWithout(reader, {
    isStatic: isStatic(reader),
    named: issuer !== null,
    hasAudience: shared.audience !== null,
    demandsAll: shared.profile === "rfc9068",
  });
  return {
    // What a token without the claim has in it.
    issuer: issuer ?? undefined,
    algorithms,
    keys: readKeyStore(reader, { issuer, algorithms, schedule, reporting }),
    claims: {
      audience: shared.audience ?? null,
      clockTolerance,
      maxTokenAge,
      certificateBound,
      numericSubject: takesNumber(mapping),
      missing,
    },
    clientIds: shared.clientIds,
    profile: shared.profile ?? "compatible",
    requiredClaims: shared.requiredClaims ?? [],
    mapping,
  };
}

/** A key from a variable that is not set is static as well: what is wrong is that, and nothing that follows from it. */
function isStatic(reader: IssuerReader): boolean {
  const isGiven = KEY_SOURCES.some((source) => reader.has(source));
  return STATIC_SOURCES.some((source) => (isGiven ? reader.has(source) : reader.isUnset(source)));
}

/** @returns `null` when tokens carry no `iss`, and an empty text when that is not said. */
function readIssuerName(
  reader: IssuerReader,
  profile: TokenProfile | undefined,
  { httpHosts }: KeySchedule,
): string | null {
  if (reader.raw("issuer") === null) {
    if (!isStatic(reader)) {
      reader.note(
        "issuer",
        "must not be null without secret, publicKey or jwks: the keys of an issuer without a name cannot be found",
      );
    } else if (profile === "rfc9068") {
      reader.note("issuer", 'must not be null with profile "rfc9068", which demands the claim iss');
    }
    return null;
  }
  const must = "the URL of the issuer, as its tokens name it in iss";
  const given = reader.raw("issuer");
  // What is wrong with a text is said below, with the right spelling.
  const issuer =
    typeof given === "string" && given !== ""
      ? given
      : reader.string("issuer", { required: true, must });
  if (issuer === undefined) return "";
  const unset = unsetFault(issuer);
  if (unset !== undefined) {
    reader.note("issuer", unset);
    return issuer;
  }
  const problem = isStatic(reader) ? checkIssuerName(issuer) : checkIssuerUrl(issuer, httpHosts);
  if (problem !== undefined) reader.problem("issuer", problem.must, problem.fix);
  return issuer;
}

function checkAudience(reader: IssuerReader, shared: Shared, mapping: ClaimMapping): void {
  const { audience, clientIds } = shared;
  if (audience === undefined) {
    reader.note(
      "audience",
      "must be the name of this API in aud, a list of names, or null together with clientIds, " +
        "got undefined: it is required",
    );
  } else if (audience === null && clientIds === undefined) {
    reader.note(
      "audience",
      "must not be null without clientIds: every token of the issuer would be accepted",
    );
  }
  if (clientIds !== undefined && mapping.clientId === undefined) {
    reader.note("clientIds", "must come with a principal mapping that says where the client id is");
  }
}

/** A secret of the app signs its refresh and reset tokens as well: what tells them apart must be said. */
function checkTokenKind(reader: IssuerReader, { requiredClaims, profile }: Shared): void {
  const anyType = reader.boolean("anyTokenType");
  const [source, second] = KEY_SOURCES.filter((name) => reader.has(name));
  // Which of two sources is meant is not known, and so not what else is wrong.
  if (second !== undefined) return;
  if (source !== "secret") {
    if (anyType)
      reader.note("anyTokenType", "must be left out without secret: it says nothing there");
  } else if (!anyType && profile !== "rfc9068") {
    if (requiredClaims !== undefined && canTellKinds(requiredClaims)) return;
    reader.note(
      "requiredClaims",
      `must ${requiredClaims === undefined ? NO_CLAIMS : NO_KIND}: ` +
        'write requiredClaims: { type: "access" } with what only your access tokens have, ' +
        "or anyTokenType: true if the secret signs nothing but access tokens",
    );
  }
}

/** Whether the subject may be a number in the claim whose type the standard says. */
function takesNumber({ subject = [] }: ClaimMapping): boolean {
  return subject.some(
    (source) =>
      typeof source === "object" &&
      "path" in source &&
      source.path === "sub" &&
      source.format === "number",
  );
}
