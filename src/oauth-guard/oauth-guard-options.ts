import type { KeyObject } from "node:crypto";
import type { GuardOptions } from "../core/guard/guard-options.js";
import type { ClaimMapping } from "../core/principal/claim-mapping.js";
import type { KeyFetch } from "../issuer/fetch/key-fetch.js";
import type { Algorithm } from "../issuer/keys/algorithms.js";
import type { JwkSet } from "../issuer/keys/jwk-set.js";
import type { CertificateBindingOptions } from "./binding/read-certificate-binding.js";
import type { AcceptWithoutOptions } from "./options/read-accept-without.js";
import type { FailedVerificationsOptions } from "./options/read-failed-verifications.js";
import type { ClaimValue } from "./token/required-claims.js";
import type { TokenProfile } from "./token/token-shape.js";

/**
 * What belongs to one issuer: who its tokens must be meant for, where its keys are, how its claims
 * are read.
 */
export interface IssuerOptions {
  /**
   * The claim `iss` of its tokens, compared character by character: a trailing slash matters. An
   * `https:` URL (`http:` only on this machine) without user information, query and fragment, with
   * scheme and host in lower case. With `secret`, `publicKey` or `jwks` any StringOrURI without white
   * space; `null` then says that its tokens carry no `iss`, and refuses those that do.
   * @see https://www.rfc-editor.org/rfc/rfc8414#section-2
   * @see https://www.rfc-editor.org/rfc/rfc7519#section-2
   */
  readonly issuer: string | null;
  /**
   * The names of this API: a token must name one of them in `aud`. `null` accepts any audience or
   * none, and needs `clientIds`: for issuers whose access tokens carry no audience, such as
   * Cognito.
   * @see https://www.rfc-editor.org/rfc/rfc9068#section-4
   */
  readonly audience?: string | readonly string[] | null | undefined;
  /** The clients whose tokens are accepted, by the client id of the claim mapping. @default all */
  readonly clientIds?: string | readonly string[] | undefined;
  /**
   * Signature algorithms that are accepted. A key whose JWK states none is used with the first of
   * them that fits.
   * @default all of RS, PS and ES with 256, 384 and 512, EdDSA and Ed25519; with `secret`, HS256
   * @see https://www.rfc-editor.org/rfc/rfc8725#section-3.1
   */
  readonly algorithms?: Algorithm | readonly Algorithm[] | undefined;
  /**
   * `"compatible"` accepts the access tokens of common issuers and refuses tokens that are clearly
   * of another kind; `"rfc9068"` requires `typ: at+jwt` and all claims of RFC 9068.
   * @default "compatible"
   * @see https://www.rfc-editor.org/rfc/rfc9068#section-2
   */
  readonly profile?: TokenProfile | undefined;
  /**
   * Claims that every token must have, by their name at the top level: a value or a list of values of
   * which the claim must be one (strings, numbers, booleans), or `true` for any value but `null`. Else
   * 401 `invalid_token`. A claim that is a list or an object fits only `true`: for lists, map them
   * with `principal` and use `requireRole` or `requireScope`. `[true]` demands the value `true`. With
   * `secret` it is required, with a claim that is none of `iss`, `sub`, `aud`, `exp`, `nbf`, `iat` and
   * `jti`, unless `anyTokenType: true` or `profile: "rfc9068"` is given.
   * @default none
   */
  readonly requiredClaims?:
    | Readonly<Record<string, ClaimValue | readonly ClaimValue[]>>
    | undefined;
  /**
   * How claims become roles, scopes and the like.
   * @default RFC 9068: `roles`, `scope` or `scp`, `client_id`
   */
  readonly principal?: ClaimMapping | undefined;
  /**
   * Where the metadata is, when it is not where the standards put it. Its `issuer` must be
   * identical all the same.
   */
  readonly discovery?: string | undefined;
  /** Where the key set is. No metadata is read then. */
  readonly jwksUri?: string | undefined;
  /**
   * The key set itself, or a function that returns it, at once or as a promise. The function is
   * called for every request, but not again while its promise is pending. It must return another
   * object when the keys change. If it throws, rejects, returns no key set or takes longer than
   * `keys.timeout`, there are no keys at the moment (503).
   */
  readonly jwks?: JwkSet | (() => JwkSet | PromiseLike<JwkSet>) | undefined;
  /**
   * The public key, as PEM (also of a certificate, whose dates are not checked) or `KeyObject`. Or a
   * list of up to 10, which are tried in this order, whatever `kid` a token names.
   */
  readonly publicKey?: string | KeyObject | readonly (string | KeyObject)[] | undefined;
  /**
   * The secret shared with the issuer, at least as long as the hash: 32 bytes for HS256. Or a list of
   * up to 10, which are tried in this order: the new one, and the old one until its tokens have
   * expired. Everybody who can verify can also mint tokens: prefer public keys. In report mode a
   * shorter secret is taken, with a warning and the reason `short_secret`.
   * @see https://www.rfc-editor.org/rfc/rfc7518#section-3.2
   */
  readonly secret?: string | Uint8Array | readonly (string | Uint8Array)[] | undefined;
  /**
   * Says that `requiredClaims` tell no access token from the other tokens that `secret` signs: every
   * token with a good signature is one, unless its claims name another kind (refresh, reset …). Only
   * with `secret`.
   * @default false
   */
  readonly anyTokenType?: boolean | undefined;
  /**
   * Accepts tokens without `iss` or `aud` until a day, for the time of a migration; each is recorded
   * with the reason `accepted_without`. Only with `secret`, `publicKey` or `jwks`.
   * @default none
   */
  readonly acceptWithout?: AcceptWithoutOptions | undefined;
}

/** When and how the keys of an issuer are fetched. */
export interface KeyFetchOptions {
  /**
   * The age past which keys serve only if fetching them again failed: a request waits for that
   * fetch. Busy servers fetch in the background before, from four fifths of this age on.
   * @default "10m"
   */
  readonly maxAge?: string | undefined;
  /**
   * The age up to which the last good keys are used while the issuer cannot be reached; then 503.
   * At least `maxAge`.
   * @default "1h", or `maxAge` if that is longer
   */
  readonly maxStale?: string | undefined;
  /** Least time between two fetches because of an unknown `kid`. @default "30s" */
  readonly cooldown?: string | undefined;
  /** Deadline for metadata and keys together, bodies included; then 503. @default "5s" */
  readonly timeout?: string | undefined;
  /** Largest answer that is read, after decompression. @default "1mb" */
  readonly maxSize?: string | undefined;
  /**
   * Fetches metadata and keys in place of the global `fetch`: with a dispatcher for a private CA or
   * a proxy, for example. Time, size and redirects are bounded all the same. If it throws, rejects
   * or returns no response, that is an outage (503).
   * @default the global `fetch`
   */
  readonly fetch?: KeyFetch | undefined;
  /**
   * Hosts, with their port, that may be asked without TLS: `"keycloak:8080"`. Whoever can read or
   * change this traffic can mint tokens: only for key servers inside a network that you trust, such
   * as that of containers on one machine.
   * @default none
   */
  readonly dangerouslyAllowHttp?: string | readonly string[] | undefined;
}

/** The cache of verified tokens. */
export interface TokenCacheOptions {
  /** The most tokens in the cache; the half that was used last always stays. @default 10000 */
  readonly max?: number | undefined;
  /** The time after which a token is verified again. @default "5m" */
  readonly ttl?: string | undefined;
}

/** What all verifiers have in common. */
interface CommonOptions extends Pick<IssuerOptions, SharedName> {
  /**
   * By how much the clocks of the issuer and this server may differ; at most `"5m"`.
   * @default "5s"
   */
  readonly clockTolerance?: string | undefined;
  /**
   * The age of a token, since `iat`, from which it is refused, even if it has not expired.
   * @default no limit
   */
  readonly maxTokenAge?: string | undefined;
  /** The longest token that is accepted, `"256b"` to `"64kb"`. @default "8kb" */
  readonly maxTokenSize?: string | undefined;
  /**
   * Scopes that every token must grant, all of them; else 403 `insufficient_scope`.
   * @default none
   */
  readonly scopes?: string | readonly string[] | undefined;
  /** `realm` of the challenges. @default "api" */
  readonly realm?: string | undefined;
  /** The cache of verified tokens; `false` verifies each token each time. */
  readonly cache?: TokenCacheOptions | false | undefined;
  /** When and how keys are fetched. */
  readonly keys?: KeyFetchOptions | undefined;
}

/** What entries may leave to the options beside `issuer`. */
type SharedName = "clientIds" | "algorithms" | "profile" | "principal" | "requiredClaims";

/** How a token is sent, whether it may be missing, and when it waits. */
interface SentToken {
  /**
   * The authentication schemes in front of the token, in any letter case: `["Bearer", "Token"]`. Not
   * those with other credentials, such as `Basic`. The challenges name all of them.
   * @default ["Bearer"]
   */
  readonly schemes?: string | readonly string[] | undefined;
  /**
   * Lets requests pass that have no Authorization field at all; `getAuth(req)` is `null` then. A
   * token that is sent is verified all the same.
   * @default false
   */
  readonly optional?: boolean | undefined;
  /**
   * When new tokens queue, because many bad ones came from the same address: none of them is refused
   * before the queue is full (503 `check_unavailable`), and tokens in the cache never wait. `false`
   * verifies every token at once.
   * @default { limit: 100, window: "1m", concurrency: 4, maxWaiting: 1000 }
   */
  readonly failedVerifications?: FailedVerificationsOptions | false | undefined;
  /**
   * Accepts tokens that are bound to a client certificate (`cnf` with `x5t#S256`), on connections with that certificate
   * only; else 401 `invalid_token`. Every request is checked, those with tokens in the cache too. Without it, bound
   * tokens are refused.
   * @default none
   * @see https://www.rfc-editor.org/rfc/rfc8705#section-3
   */
  readonly certificateBinding?: CertificateBindingOptions | undefined;
}

/**
 * Options of {@link createTokenVerifier} for several issuers, each with keys of its own; for a
 * single one: {@link TokenVerifierOptions}.
 */
export interface TokenVerifierIssuersOptions extends CommonOptions {
  /** One entry per issuer. An entry takes what it leaves out from the options around it. */
  readonly issuer: IssuerOptions | readonly IssuerOptions[];
  /** The names of this API, for the entries without an audience of their own. */
  readonly audience?: IssuerOptions["audience"];
}

/** Options of {@link createTokenVerifier}. For several issuers: {@link TokenVerifierIssuersOptions}. */
export interface TokenVerifierOptions
  extends CommonOptions,
    Omit<IssuerOptions, "audience" | SharedName> {
  /**
   * The names of this API: a token must name one of them in `aud`. `null` accepts any audience or
   * none, and needs `clientIds`: for issuers whose access tokens carry no audience, such as
   * Cognito. Required.
   * @see https://www.rfc-editor.org/rfc/rfc9068#section-4
   */
  readonly audience: string | readonly string[] | null;
}

/**
 * Options of {@link oauthGuard} for several issuers, each with keys of its own; for a single one:
 * {@link OauthGuardOptions}.
 */
export interface OauthGuardIssuersOptions
  extends TokenVerifierIssuersOptions,
    GuardOptions,
    SentToken {}

/** Options of {@link oauthGuard}. For several issuers: {@link OauthGuardIssuersOptions}. */
export interface OauthGuardOptions extends TokenVerifierOptions, GuardOptions, SentToken {}

// Of a union, the compiler measures an object against the last member: the one that it met last,
// or, from TypeScript 7 on, the one whose name comes last. One issuer must be that member, else
// `{ issuer }` hears that a text is no list of issuers instead of "Property 'audience' is missing".
// Nobody else can name these members, and so meet them in another order.
interface ManyIssuersToVerify extends TokenVerifierIssuersOptions {}
interface OneIssuerToVerify extends TokenVerifierOptions {}
interface ManyIssuersToGuard extends OauthGuardIssuersOptions {}
interface OneIssuerToGuard extends OauthGuardOptions {}

/** What {@link createTokenVerifier} takes: options for one issuer or for several. */
export type TokenVerifierInput = ManyIssuersToVerify | OneIssuerToVerify;

/** What {@link oauthGuard} takes: options for one issuer or for several. */
export type OauthGuardInput = ManyIssuersToGuard | OneIssuerToGuard;
