import { type Claims, claimAt } from "../../core/principal/names/claim-source.js";
import { isRefused, type Refused, refused } from "../../core/refusal/refused.js";
import { boundCertificate } from "../binding/bound-certificate.js";
import type { RefusalReason } from "../refusals/refusals.js";
import type { MissingClaims } from "./missing-claims.js";

/** What the claims of an issuer's tokens are held against. */
export interface ClaimRules {
  /** `null`: the audience is not looked at, the client is. */
  readonly audience: readonly string[] | null;
  /** Milliseconds. */
  readonly clockTolerance: number;
  /** Milliseconds since `iat`; `undefined`: no limit. */
  readonly maxTokenAge: number | undefined;
  /** Whether the mapping takes a number in `sub`, which RFC 7519 §4.1.2 does not. */
  readonly numericSubject: boolean;
  /** Whether tokens that are bound to a client certificate count; the guard then looks at the connection. */
  readonly certificateBound: boolean;
  /** The claims that may be missing, for the time of a migration. */
  readonly missing: MissingClaims | undefined;
}

/** When a token is valid, tolerance included, in milliseconds since 1970. */
export interface Lifetime {
  readonly from: number;
  /** First moment at which the token is no longer valid. */
  readonly until: number;
  /** Whether it lacks claims that are missing for the time of a migration. */
  readonly lacksClaims: boolean;
}

/** Seconds: the limit of `Date`. What is beyond would never expire. */
const LAST_DATE = 8.64e12;
const STRING_CLAIMS = ["sub", "jti", "client_id", "azp"] as const;

/**
 * Checks the registered claims of a token (RFC 7519 §4.1); `iss` was matched before its key was
 * chosen.
 *
 * @returns When the token is valid, which it is now, or why it is refused.
 */
export function checkClaims(
  claims: Claims,
  rules: ClaimRules,
  now: number,
): Lifetime | Refused<RefusalReason> {
  for (const name of STRING_CLAIMS) {
    const value = claimAt(claims, name);
    if (value === undefined || typeof value === "string") continue;
    if (name !== "sub" || typeof value !== "number" || !rules.numericSubject)
      return refused("malformed_claim");
  }
  const lifetime = lifetimeOf(claims, rules, now);
  if (isRefused(lifetime)) return lifetime;
  if (now < lifetime.from) return refused("token_not_yet_valid");
  if (now >= lifetime.until)
    return refused(isExpired(claims, rules, now) ? "token_expired" : "token_too_old");
  // RFC 7800: the token is worth nothing without proof of possession.
  if (Object.hasOwn(claims, "cnf")) {
    const isChecked = rules.certificateBound && boundCertificate(claims) !== undefined;
    if (!isChecked) return refused("bound_token");
  }
  if (lifetime.lacksClaims && rules.missing?.areAccepted(now) !== true)
    return refused("no_longer_accepted");
  const wrongAudience = checkAudience(claims, rules);
  return wrongAudience === undefined ? lifetime : refused(wrongAudience);
}

function lifetimeOf(
  claims: Claims,
  rules: ClaimRules,
  now: number,
): Lifetime | Refused<RefusalReason> {
  const [expiresAt, issuedAt, notBefore] = [
    dateAt(claims, "exp"),
    dateAt(claims, "iat"),
    dateAt(claims, "nbf"),
  ];
  if (Number.isNaN(expiresAt) || Number.isNaN(issuedAt) || Number.isNaN(notBefore)) {
    return refused("malformed_claim");
  }
  if (expiresAt === undefined) return refused("missing_claim");
  const { clockTolerance, maxTokenAge, missing } = rules;
  if (maxTokenAge !== undefined && issuedAt === undefined) return refused("missing_claim");
  const latestStart = Math.max(
    issuedAt ?? Number.NEGATIVE_INFINITY,
    notBefore ?? Number.NEGATIVE_INFINITY,
  );
  const oldest = (issuedAt ?? 0) + (maxTokenAge ?? Number.POSITIVE_INFINITY);
  const until = Math.min(expiresAt, oldest) + clockTolerance;
  const lacksClaims = missing?.applyTo(claims) === true;
  return {
    from: latestStart - clockTolerance,
    // The cache forgets the token on that day. Later than that, its own time decides what is said.
    until: lacksClaims && now < missing.until ? Math.min(until, missing.until) : until,
    lacksClaims,
  };
}

function isExpired(claims: Claims, rules: ClaimRules, now: number): boolean {
  return now >= (dateAt(claims, "exp") ?? 0) + rules.clockTolerance;
}

/** A NumericDate (RFC 7519 §2) in milliseconds; `NaN` when it is no number, or beyond what a `Date` can be. */
function dateAt(claims: Claims, name: string): number | undefined {
  const value = claimAt(claims, name);
  if (value === undefined) return undefined;
  return typeof value === "number" && Math.abs(value) <= LAST_DATE ? value * 1000 : Number.NaN;
}

function checkAudience(
  claims: Claims,
  { audience: accepted, missing }: ClaimRules,
): RefusalReason | undefined {
  const audience = claimAt(claims, "aud");
  if (audience === undefined) {
    return accepted === null || missing?.covers("aud") === true ? undefined : "missing_claim";
  }
  const named: readonly unknown[] = Array.isArray(audience) ? audience : [audience];
  if (!named.every((name) => typeof name === "string")) return "malformed_claim";
  return accepted === null || accepted.some((name) => named.includes(name))
    ? undefined
    : "wrong_audience";
}
