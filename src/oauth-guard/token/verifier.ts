import { hash } from "node:crypto";
import { createCall } from "../../core/calls/create-call.js";
import { isInstance } from "../../core/calls/is-instance.js";
import { isThenable, wrongReturn } from "../../core/calls/user-function.js";
import type { DecisionFields } from "../../core/guard/guard.js";
import { isPrintableAscii } from "../../core/http/header-values.js";
import {
  type CallerKind,
  type ClaimMapping,
  toPrincipal,
  WrongSubject,
} from "../../core/principal/claim-mapping.js";
import { type Claims, claimAt } from "../../core/principal/names/claim-source.js";
import { TooManyNames } from "../../core/principal/names/found-names.js";
import type { Principal } from "../../core/principal/principal.js";
import { isRefused, type Refused, refused } from "../../core/refusal/refused.js";
import { KeyOutage } from "../../issuer/fetch/key-outage.js";
import type { VerificationKey } from "../../issuer/keys/key-ring.js";
import { type ParsedToken, parseToken } from "../../issuer/parse-token.js";
import type { KeyLookup, KeyStore } from "../../issuer/sources/key-store.js";
import { createSignatureCheck } from "../../issuer/verify-signature.js";
import { boundCertificate } from "../binding/bound-certificate.js";
import type { RefusalReason } from "../refusals/refusals.js";
import { type Auth, createAuth, lacksSubject } from "./auth.js";
import { isB64Token } from "./bearer-token.js";
import { type ClaimRules, checkClaims, type Lifetime } from "./check-claims.js";
import { deepFreeze } from "./deep-freeze.js";
import { hasRequiredClaims, type RequiredClaim } from "./required-claims.js";
import { TokenCache } from "./token-cache.js";
import { checkShape, type TokenProfile } from "./token-shape.js";

/** One issuer whose tokens are accepted, with all that belongs to it and to no other. */
export interface TrustedIssuer {
  /** `undefined`: its tokens carry no `iss`. */
  readonly issuer: string | undefined;
  readonly algorithms: readonly string[];
  readonly keys: KeyStore;
  readonly claims: ClaimRules;
  readonly clientIds: readonly string[] | undefined;
  readonly profile: TokenProfile;
  readonly requiredClaims: readonly RequiredClaim[];
  readonly mapping: ClaimMapping;
}

/** What a verifier needs to know. */
export interface VerifierSettings {
  readonly issuers: readonly TrustedIssuer[];
  /** Scopes that every token must grant. */
  readonly scopes: readonly string[] | undefined;
  /** Characters, which are bytes: a token is ASCII. */
  readonly maxTokenSize: number;
  readonly cache: { readonly max: number; readonly ttl: number } | undefined;
}

/** A token that was found good, with everything that requests with it share. */
export interface VerifiedToken {
  readonly auth: Auth;
  readonly principal: Principal;
  /** For the decision: names the token without showing it. */
  readonly fields: DecisionFields;
  /** Whether it lacks a scope of `scopes`. */
  readonly lacksScope: boolean;
  /** Thumbprint of the client certificate that every request must show. */
  readonly certificate: string | undefined;
  readonly keys: KeyStore;
  readonly key: VerificationKey;
  readonly lifetime: Lifetime;
  readonly verifiedAt: number;
}

/** A token with a good signature, in its time. */
interface SignedToken {
  readonly parsed: ParsedToken;
  readonly key: VerificationKey;
  readonly lifetime: Lifetime;
  readonly digest: string | undefined;
  readonly now: number;
}

/** A good token, why it is refused, or why that cannot be told at the moment. */
export type Verification = VerifiedToken | Refused<RefusalReason> | KeyOutage;

/** An issuer, and the one function of the app that its claim mapping may have. */
interface KnownIssuer extends TrustedIssuer {
  readonly kindOf: ((claims: Claims) => CallerKind | Promise<CallerKind>) | undefined;
}

const MAX_JTI_LENGTH = 256;

/** A token that no verdict is known for, with the name that its verdict would get in the cache. */
export class UnseenToken {
  readonly token: string;
  /** `undefined` without a cache. */
  readonly digest: string | undefined;

  constructor(token: string, digest: string | undefined) {
    this.token = token;
    this.digest = digest;
  }
}

/** Verifies tokens and remembers those that were good. Throws, or rejects, only when a function of the app fails. */
export class Verifier {
  readonly #issuers: ReadonlyMap<unknown, KnownIssuer>;
  readonly #scopes: readonly string[];
  readonly #maxTokenSize: number;
  readonly #ttl: number;
  readonly #cache: TokenCache<VerifiedToken> | undefined;
  readonly #hasValidSignature = createSignatureCheck();

  constructor(settings: VerifierSettings) {
    const issuers = settings.issuers.map((entry) => ({
      ...entry,
      kindOf: createKindCall(entry.mapping),
    }));
    // A token without `iss` is one of the issuer that has none, or may lack it.
    const nameless = issuers.find(({ claims }) => claims.missing?.covers("iss"));
    this.#issuers = new Map<unknown, KnownIssuer>([
      ...(nameless === undefined ? [] : [[undefined, nameless] as const]),
      ...issuers.map((entry) => [entry.issuer, entry] as const),
    ]);
    this.#scopes = settings.scopes ?? [];
    this.#maxTokenSize = settings.maxTokenSize;
    this.#ttl = settings.cache?.ttl ?? 0;
    this.#cache = settings.cache && new TokenCache(settings.cache.max);
  }

  /** Synchronous unless keys have to be fetched first, or a function of the app answers with a promise. */
  verify(token: string): Verification | Promise<Verification> {
    const found = this.find(token);
    return found instanceof UnseenToken ? this.verifyUnseen(found) : found;
  }

  /** What can be said without verifying a token for the first time. */
  find(token: string): Verification | Promise<Verification> | UnseenToken {
    if (token.length > this.#maxTokenSize) return refused("token_too_large");
    const digest = this.#cache && hash("sha256", token, "binary");
    const known = digest && this.#cache?.get(digest);
    if (!digest || !known) return new UnseenToken(token, digest);
    const now = Date.now();
    const isGood = this.#isInTime(known, now) && known.keys.isCurrent(known.key);
    if (isGood === true) return known;
    if (isGood === false) return this.#verifyAgain(token, digest, now);
    return isGood.then((later) => {
      const then = Date.now();
      return later && this.#isInTime(known, then) ? known : this.#verifyAgain(token, digest, then);
    });
  }

  verifyUnseen({ token, digest }: UnseenToken): Verification | Promise<Verification> {
    return this.#verifyNew(token, digest, Date.now());
  }

  /** Waits until every issuer has its keys. Rejects with the first outage, as an `HttpError`. */
  async ready(): Promise<void> {
    const outages = await Promise.all([...this.#issuers.values()].map(({ keys }) => keys.ready()));
    const outage = outages.find((found) => found !== undefined);
    if (outage !== undefined) throw outage.toHttpError();
  }

  close(): void {
    for (const { keys } of this.#issuers.values()) keys.close();
  }

  #isInTime({ lifetime, verifiedAt }: VerifiedToken, now: number): boolean {
    if (now < lifetime.from || now >= lifetime.until) return false;
    return now >= verifiedAt && now - verifiedAt < this.#ttl;
  }

  #verifyAgain(token: string, digest: string, now: number): Verification | Promise<Verification> {
    this.#cache?.delete(digest);
    return this.#verifyNew(token, digest, now);
  }

  #verifyNew(
    token: string,
    digest: string | undefined,
    now: number,
  ): Verification | Promise<Verification> {
    const parsed = parseToken(token);
    // RFC 6750 §3.1: what is no b64token is a malformed request; a bad token is another matter.
    if (isRefused(parsed)) return isB64Token(token) ? parsed : refused("malformed_credentials");
    const { alg, kid } = parsed.header;
    // The allow-list comes before anything that could cause I/O: a token cannot send us anywhere.
    const issuer = this.#issuers.get(claimAt(parsed.payload, "iss"));
    if (issuer === undefined) return refused("unknown_issuer");
    if (!issuer.algorithms.includes(alg)) return refused("algorithm_not_allowed");
    const found = issuer.keys.find(kid, alg);
    if (!isThenable(found)) return this.#conclude(parsed, issuer, found, digest, now);
    return found.then((later) => this.#conclude(parsed, issuer, later, digest, Date.now()));
  }

  #conclude(
    parsed: ParsedToken,
    issuer: KnownIssuer,
    key: KeyLookup,
    digest: string | undefined,
    now: number,
  ): Verification | Promise<Verification> {
    if (key instanceof KeyOutage || isRefused(key)) return key;
    const signer = this.#signerOf(parsed, key);
    if (signer === undefined) return refused("bad_signature");
    const lifetime = checkClaims(parsed.payload, issuer.claims, now);
    if (isRefused(lifetime)) return lifetime;
    const wrongShape = checkShape(parsed.header, parsed.payload, issuer.profile);
    if (wrongShape !== undefined) return refused(wrongShape);
    if (!hasRequiredClaims(parsed.payload, issuer.requiredClaims)) return refused("required_claim");
    if (!deepFreeze(parsed.header) || !deepFreeze(parsed.payload))
      return refused("malformed_claim");
    const signed = { parsed, key: signer, lifetime, digest, now };
    const kind = issuer.kindOf?.(parsed.payload);
    if (!isThenable(kind)) return this.#accept(signed, issuer, kind);
    return kind.then((later) => {
      // The token may have expired meanwhile.
      const inTime = checkClaims(parsed.payload, issuer.claims, Date.now());
      return isRefused(inTime) ? inTime : this.#accept(signed, issuer, later);
    });
  }

  /** The key that signed the token: the given one, or one of those that were given with it. */
  #signerOf(parsed: ParsedToken, key: VerificationKey): VerificationKey | undefined {
    let candidate: VerificationKey | undefined = key;
    while (candidate !== undefined && !this.#hasValidSignature(parsed, candidate)) {
      candidate = candidate.next;
    }
    return candidate;
  }

  #accept(
    { parsed, key, lifetime, digest, now }: SignedToken,
    issuer: KnownIssuer,
    kind: CallerKind | undefined,
  ): Verification {
    const principal = principalOf(parsed, issuer, kind);
    if (isRefused(principal)) return principal;
    if (lacksSubject(principal, issuer.mapping, kind)) return refused("missing_subject");
    if (issuer.clientIds?.includes(principal.clientId ?? "") === false)
      return refused("wrong_client");
    const auth = createAuth(parsed, principal);
    const verified: VerifiedToken = {
      auth,
      principal,
      fields: fieldsOf(parsed, key, lifetime),
      lacksScope: this.#scopes.some((scope) => !auth.scopes.includes(scope)),
      certificate: boundCertificate(parsed.payload),
      keys: issuer.keys,
      key,
      lifetime,
      verifiedAt: now,
    };
    if (digest !== undefined) this.#cache?.set(digest, verified);
    return verified;
  }
}

function createKindCall({ kind }: ClaimMapping): KnownIssuer["kindOf"] {
  if (kind === undefined) return undefined;
  const option = "oauthGuard.principal.kind";
  return createCall<CallerKind, Claims>((claims) => kind(claims), {
    option,
    parse(value) {
      if (value === "user" || value === "service" || value === "anonymous") return value;
      throw wrongReturn(option, '"user", "service" or "anonymous"', value);
    },
  });
}

function principalOf(
  { payload }: ParsedToken,
  { mapping, issuer }: TrustedIssuer,
  kind: CallerKind | undefined,
): Principal | Refused<"too_many_names" | "malformed_claim"> {
  try {
    return toPrincipal(mapping, payload, { kind, issuer });
  } catch (error) {
    if (isInstance(error, WrongSubject)) return refused("malformed_claim");
    if (isInstance(error, TooManyNames)) return refused("too_many_names");
    throw error;
  }
}

function fieldsOf(
  parsed: ParsedToken,
  key: VerificationKey,
  { lacksClaims }: Lifetime,
): DecisionFields {
  const token = tokenName(parsed);
  if (lacksClaims) return Object.freeze({ token, reason: "accepted_without" });
  return Object.freeze(key.isShort === true ? { token, reason: "short_secret" } : { token });
}

/** Names the token for the audit log: by its `jti`, else by a hash of what was signed. */
function tokenName({ payload, signingInput }: ParsedToken): string {
  const id = claimAt(payload, "jti");
  if (typeof id === "string" && id !== "" && id.length <= MAX_JTI_LENGTH && isPrintableAscii(id)) {
    return id;
  }
  return hash("sha256", signingInput, "base64url");
}
